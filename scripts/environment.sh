# shellcheck shell=sh
# To be sourced from the project's root: where the tests find the real driver and Python.
case $(uname -m) in
    aarch64) arch=arm64 ;;
    *) arch=$(uname -m) ;;
esac
ENTRA_ODBC_TEST_PYTHON=$PWD/.venv/bin/python
ENTRA_ODBC_TEST_DRIVER=$(ls "$PWD"/.venv/lib/python3*/site-packages/mssql_python_odbc/libs/linux/debian_ubuntu/"$arch"/lib/libmsodbcsql-18.*.so.* | head -n 1)
export ENTRA_ODBC_TEST_PYTHON ENTRA_ODBC_TEST_DRIVER
