#!/bin/sh
# Runs what needs the release build or further hosts, and ends with a line that counts: "N passed, N failed".
set -eu
cd "$(dirname "$0")/.."
scripts/setup-hosts.sh
scripts/setup-examples.sh
. scripts/environment.sh
. scripts/count.sh

# Fails unless the server saw everyone as expected.
check 'demo' make --no-print-directory demo

ENTRA_ODBC_TEST_PYTHON=$PWD/.venv-hosts/bin/python
check 'lints of the tests of hosts' cargo clippy --quiet -p entra-odbc --features hosts --test long_running -- -D warnings
cargo_test --features hosts --test long_running

# Driver 18 as PyPI has it for other distributions.
debian_driver=$ENTRA_ODBC_TEST_DRIVER
for variant in rhel suse; do
    ENTRA_ODBC_TEST_DRIVER=$(echo "$debian_driver" | sed "s#/debian_ubuntu/#/$variant/#")
    cargo_test --test e2e -- kinds:: real_driver:: renewal::an_idle
done
ENTRA_ODBC_TEST_DRIVER=$debian_driver

# The Python package, with the library of its wheel.
check 'wheel' scripts/wheel.sh
ENTRA_ODBC_TEST_LIBRARY=$PWD/build/native/$(uname -m)-unknown-linux-gnu/libentra_odbc.so
PYTHONPATH=$PWD/python
export ENTRA_ODBC_TEST_LIBRARY PYTHONPATH
check 'types of the Python package' .venv-hosts/bin/mypy --config-file python/pyproject.toml python/entra_odbc
python_tests --config-file python/pyproject.toml python/tests

counted
