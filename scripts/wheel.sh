#!/bin/sh
# Builds the wheel for this platform, or for the Rust target that is named: build/wheel/*.whl
#
#   wheel.sh [x86_64-unknown-linux-gnu | aarch64-unknown-linux-gnu]
#
# Another than this machine's first needs `rustup target add`.
set -eu
cd "$(dirname "$0")/.."
target=${1:-$(uname -m)-unknown-linux-gnu}

rm -rf build/wheel
mkdir -p build/wheel
scripts/cross.sh "$target" >build/wheel/needs.txt
ENTRA_ODBC_NATIVE=$PWD/build/native/$target ENTRA_ODBC_PLATFORM=manylinux_2_28_${target%%-*} \
    .venv-wheel/bin/python -m build --wheel --no-isolation --outdir build/wheel python >/dev/null
ls -l build/wheel/*.whl
