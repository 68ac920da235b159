#!/bin/sh
# Builds what `make demo` and the examples run, in the shortest time: library, tool and stand-ins, target/demo/.
set -eu
cd "$(dirname "$0")/.."
. scripts/packages.sh

target=${CARGO_TARGET_DIR:-$PWD/target}
[ -e "$target/demo/standins" ] || say "demo: building all of it, which takes about two minutes of processor time, the first time only"
# In one go, so that dependencies are compiled once, with the features that all of it needs together.
cargo build --profile demo -p entra-odbc -p entra-odbc-cli -p entra-odbc-connect -p standins
