#!/bin/sh
# Runs the tests of the Spark data source on Spark with two executors of its own, and ends with a line that counts:
# "N passed, N failed".
#
#   test-spark.sh [<tests, as pytest names them>…]
set -eu
cd "$(dirname "$0")/.."
. scripts/environment.sh
. scripts/count.sh
scripts/setup-spark.sh

scripts/build-demo.sh
ENTRA_ODBC_TEST_LIBRARY=${ENTRA_ODBC_TEST_LIBRARY:-${CARGO_TARGET_DIR:-$PWD/target}/demo/libentra_odbc.$ENTRA_ODBC_LIBRARY_SUFFIX}
PYTHONPATH=$PWD/python
export ENTRA_ODBC_TEST_LIBRARY PYTHONPATH
if [ $# -gt 0 ]; then
    exec .venv-spark/bin/python -m pytest --config-file python/pyproject.toml "$@"
fi
pytest_tests .venv-spark/bin/python -m pytest --config-file python/pyproject.toml python/tests/spark
pytest_tests python/tests/spark/machines.sh .venv-spark/bin/python -m pytest --config-file python/pyproject.toml \
    python/tests/spark/test_machines.py
# Its library is the one that tests use.
pytest_tests scripts/playground.py .venv-spark/bin/python -m pytest -p no:cacheprovider examples/spark
counted
