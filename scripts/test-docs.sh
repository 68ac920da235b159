#!/bin/sh
# Builds the site of the documents, follows its start pages as they stand there on machines on which nothing is installed, and
# ends with a line that counts: "N passed, N failed".
#
#   test-docs.sh [<tests, as pytest names them>…]
set -eu
cd "$(dirname "$0")/.."
scripts/setup-hosts.sh
. scripts/environment.sh
. scripts/count.sh

# In a network of its own, where PyPI is out of reach: what the pages install is brought before.
wheels=build/docs-wheels
required="tests/requirements.txt examples/django/requirements.txt examples/fastapi-per-user/requirements.txt examples/notebook/requirements.txt"
# shellcheck disable=SC2086
if ! cat $required | cmp -s - "$wheels/downloaded.txt"; then
    echo 'setup: downloading what the start pages install' >&2
    rm -rf "$wheels"
    for file in $required; do
        .venv-hosts/bin/python -m pip download --quiet --disable-pip-version-check --only-binary=:all: --dest "$wheels" -r "$file"
    done
    cat $required >"$wheels/downloaded.txt"
fi
scripts/build-demo.sh
scripts/wheel.sh

PYTHONPATH=$PWD/python
ENTRA_ODBC_LIBRARY=${CARGO_TARGET_DIR:-$PWD/target}/demo/libentra_odbc.so
export PYTHONPATH ENTRA_ODBC_LIBRARY
follow='docs/tests/network.sh .venv-hosts/bin/python -m pytest -p no:cacheprovider'
if [ $# -gt 0 ]; then
    # shellcheck disable=SC2086
    exec $follow "$@"
fi
check 'site' scripts/docs-site.sh
# shellcheck disable=SC2086
pytest_tests $follow docs/tests
counted
