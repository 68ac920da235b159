#!/bin/sh
# Writes include/entra_odbc.h anew: copies what the build script generated.
set -eu
cd "$(dirname "$0")/.."
directory=$(cargo build --quiet -p entra-odbc --message-format=json |
    sed -n -E '/"build-script-executed".*[/#]entra-odbc[@#]/s/.*"out_dir":"([^"]*)".*/\1/p' | tail -n 1)
cp "$directory/entra_odbc.h" include/entra_odbc.h
