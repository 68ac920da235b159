#!/usr/bin/env bash
# Runs the tests that go through unixODBC on another Debian than this one, with its unixODBC, OpenSSL, Python and hosts, and
# ends with one line that counts them: "N passed, N failed".
#
#   test-debian.sh trixie | testing | …
#
# The library, the tool and the tests are built here, so that suite needs this machine's glibc or a newer one.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/packages.sh
. scripts/debian-roots.sh
. scripts/count.sh
suite=${1:?which suite of Debian}
root=$PWD/build/roots/$suite

debian_packages debootstrap
# shellcheck disable=SC2086
debian_root "$root" "$suite" "$(dpkg --print-architecture)" $TEST_PACKAGES
root_python "$root" tests/requirements.txt tests/requirements-roots.txt
in_root "$root" sh -c '. /etc/os-release; echo "$PRETTY_NAME, $(uname -m): $(odbcinst --version), $(openssl version | cut -d" " -f1-2), $(python3 --version)"'

cargo build --quiet --workspace
target=${CARGO_TARGET_DIR:-$PWD/target}
programs=$(cargo test --quiet --workspace --no-run --message-format=json | python3 scripts/built_tests.py \
    entra-auth:entra_auth entra-odbc:entra_odbc entra-odbc:exports entra-odbc:e2e entra-odbc:capi entra-odbc:postgres \
    entra-odbc-cli:tool)

# in_test_root <driver's variant> <command>…
in_test_root() {
    in_root "$root" ENTRA_ODBC_TEST_LIBRARY="$target/debug/libentra_odbc.so" \
        ENTRA_ODBC_TEST_PYTHON=/opt/tests/bin/python ENTRA_ODBC_TEST_DRIVER="$(root_driver "$root" "$1")" "${@:2}"
}

for program in $programs; do
    rust_tests in_test_root debian_ubuntu "$program"
done
pytest_tests in_test_root debian_ubuntu PYTHONPATH="$PWD/python" /opt/tests/bin/python -m pytest \
    -p no:cacheprovider --config-file python/pyproject.toml --ignore python/tests/test_wheel.py --ignore python/tests/test_tool.py python/tests
counted
