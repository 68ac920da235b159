#!/bin/sh
# Prints the figures of docs/figures.md, measured on this machine.
#
#   bench.sh [section …]    all of them, or those named: see SECTIONS in benches/run.py
set -eu
cd "$(dirname "$0")/.."

case " $* " in
    "  " | *" spark "*) scripts/setup-spark.sh ;;
esac
# One at a time: built together, the library and the stand-ins would share their dependencies' features.
cargo build --quiet --release -p entra-odbc
cargo build --quiet --release -p core-benches
cargo build --quiet --release -p standins
exec .venv/bin/python benches/run.py "${CARGO_TARGET_DIR:-target}/release" "$@"
