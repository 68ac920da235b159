#!/bin/sh
# Runs the end-to-end tests whose name contains the argument, such as trust::strangers; without one, all of them.
set -eu
cd "$(dirname "$0")/.."
. scripts/environment.sh

cargo build --quiet --workspace
ENTRA_ODBC_TEST_LIBRARY=${CARGO_TARGET_DIR:-$PWD/target}/debug/libentra_odbc.$ENTRA_ODBC_LIBRARY_SUFFIX
export ENTRA_ODBC_TEST_LIBRARY
# For the whole workspace, as it is built above: for one package, cargo would build the dependencies with other features.
cargo test --quiet --workspace --test e2e -- "$@"
