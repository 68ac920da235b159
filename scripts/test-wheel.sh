#!/bin/sh
# Installs the wheel for this platform into a fresh virtual environment of each Python that there is, and runs the tests
# of the package against it: a line for each version from 3.10 to 3.14, also for those that are not there.
#
#   test-wheel.sh [<tests, as pytest names them>…]
#
# PYTHONS names interpreters; without it, those are tried that are in the PATH or that pyenv has.
set -eu
cd "$(dirname "$0")/.."
. scripts/environment.sh
unset PYTHONPATH
[ $# -gt 0 ] || set -- python/tests
results=build/test-wheel

# interpreter <version>: the newest one of it.
interpreter() {
    for name in ${PYTHONS:-"python$1" "${PYENV_ROOT:-$HOME/.pyenv}/versions/$1".*/bin/python}; do
        path=$(command -v "$name" || true)
        [ -z "$path" ] || [ "$("$path" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)" != "$1" ] || echo "$path"
    done | tail -n 1
}

platform=manylinux_2_28_$(uname -m)
wheel=$(echo build/wheel/*-"$platform".whl)
[ -f "$wheel" ] || { echo "test-wheel: there is no wheel: run make wheel" >&2; exit 2; }
cargo build --quiet --profile demo -p standins

failed=0
for version in 3.10 3.11 3.12 3.13 3.14; do
    python=$(interpreter "$version")
    if [ -z "$python" ]; then
        echo "Python $version: not run, since it is not installed here"
        continue
    fi
    requirements="-r tests/requirements.txt -r python/tests/requirements.txt"
    [ "$version" != 3.10 ] || requirements="-r python/tests/requirements-3.10.txt"
    directory=$results/$version
    rm -rf "$directory"
    mkdir -p "$directory"
    # shellcheck disable=SC2086
    if "$python" -m venv "$directory/venv" &&
        "$directory/venv/bin/python" -m pip install --quiet --disable-pip-version-check "${wheel}[driver,sqlalchemy]" \
            $requirements &&
        # By its own name: as a module, pytest would find the sources in the current directory.
        "$directory/venv/bin/pytest" --config-file python/pyproject.toml --rootdir python "$@"
    then code=0; else code=$? failed=1; fi >"$directory/log.txt" 2>&1
    if [ "$code" = 0 ]; then last=$(tail -n 1 "$directory/log.txt"); else last="failed, see $directory/log.txt"; fi
    echo "$("$python" --version): $last"
done
exit $failed
