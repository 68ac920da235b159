#!/bin/sh
# Builds one product of the project and lays it out as it is to be installed.
#
#   build.sh <source> <destination> library|standins
set -eu

source=$1
destination=$2
product=$3
target=${CARGO_TARGET_DIR:-$source/target}

cd "$source"
case $product in
    library)
        cargo build --release --locked --package entra-odbc --lib
        install -D -m 0644 "$target/release/libentra_odbc.so" \
            "$destination/usr/local/lib/entra-odbc/libentra_odbc.so"
        install -D -m 0644 include/entra_odbc.h "$destination/usr/local/include/entra_odbc.h"
        ;;
    standins)
        cargo build --release --locked --package standins --bin standins
        install -D -m 0755 "$target/release/standins" "$destination/usr/local/bin/standins"
        ;;
    *)
        echo "build.sh: $product is neither library nor standins" >&2
        exit 2
        ;;
esac
