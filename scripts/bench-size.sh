#!/bin/sh
# Prints what the library is made of. Builds it once more, with its symbols, in a directory of its own.
set -eu
cd "$(dirname "$0")/.."
target=${CARGO_TARGET_DIR:-target}

cargo build --quiet --release -p entra-odbc
CARGO_PROFILE_RELEASE_STRIP=none cargo build --quiet --release -p entra-odbc --target-dir "$target/unstripped"
exec python3 benches/size/by_crate.py "$target/unstripped/release/libentra_odbc.so" "$target/release/libentra_odbc.so"
