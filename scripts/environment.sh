# shellcheck shell=sh
# To be sourced from the project's root: where the tests find the real driver and Python.
case $(uname -m) in
    aarch64) arch=arm64 ;;
    *) arch=$(uname -m) ;;
esac
case $(uname -s) in
    Darwin) driver="macos/$arch/lib/libmsodbcsql.18.dylib" suffix=dylib ;;
    *) driver="linux/debian_ubuntu/$arch/lib/libmsodbcsql-18.*.so.*" suffix=so ;;
esac
ENTRA_ODBC_TEST_PYTHON=$PWD/.venv/bin/python
# The stars stand for names of files.
# shellcheck disable=SC2086
ENTRA_ODBC_TEST_DRIVER=$(ls "$PWD"/.venv/lib/python3*/site-packages/mssql_python_odbc/libs/$driver | head -n 1)
# By which the names of libraries end.
ENTRA_ODBC_LIBRARY_SUFFIX=$suffix
export ENTRA_ODBC_LIBRARY_SUFFIX
export ENTRA_ODBC_TEST_PYTHON ENTRA_ODBC_TEST_DRIVER
