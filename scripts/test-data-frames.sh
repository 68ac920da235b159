#!/bin/sh
# Runs the code of docs/data-frames.md with pandas, Polars, Dask, DuckDB, Ray and arrow-odbc, and ends with a line that counts:
# "N passed, N failed".
#
#   test-data-frames.sh [<tests, as pytest names them>…]
set -eu
cd "$(dirname "$0")/.."
. scripts/environment.sh
. scripts/count.sh
scripts/setup-data-frames.sh

scripts/build-demo.sh
ENTRA_ODBC_TEST_LIBRARY=${ENTRA_ODBC_TEST_LIBRARY:-${CARGO_TARGET_DIR:-$PWD/target}/demo/libentra_odbc.$ENTRA_ODBC_LIBRARY_SUFFIX}
PYTHONPATH=$PWD/python
export ENTRA_ODBC_TEST_LIBRARY PYTHONPATH
[ $# -gt 0 ] || set -- python/tests/data_frames
pytest_tests .venv-data-frames/bin/python -m pytest --config-file python/pyproject.toml "$@"
counted
