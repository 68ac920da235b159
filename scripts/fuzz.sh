#!/bin/sh
# Odd connection strings and data sources without end: what trust decides is what the driver must do. Stops at the first
# that differs, with its seed: ENTRA_ODBC_FUZZ_SEED=... runs that one again.
set -eu
cd "$(dirname "$0")/.."
. scripts/environment.sh
cargo build --quiet --workspace
ENTRA_ODBC_TEST_LIBRARY=${CARGO_TARGET_DIR:-$PWD/target}/debug/libentra_odbc.$ENTRA_ODBC_LIBRARY_SUFFIX
ENTRA_ODBC_FUZZ_COUNT=${ENTRA_ODBC_FUZZ_COUNT:-10000}
export ENTRA_ODBC_TEST_LIBRARY ENTRA_ODBC_FUZZ_COUNT
seed=${ENTRA_ODBC_FUZZ_SEED:-$(date +%s)}
while ENTRA_ODBC_FUZZ_SEED=$seed cargo test --quiet -p entra-odbc --test e2e -- --nocapture --exact \
    trust::differential::what_trust_decides_is_what_the_driver_does | grep -o 'seed [0-9].*'; do
    seed=$((seed + 1))
done
