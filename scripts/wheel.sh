#!/bin/sh
# Builds the wheel for this platform, or for the Rust target that is named: build/wheel/*.whl
#
#   wheel.sh [x86_64-unknown-linux-gnu | aarch64-unknown-linux-gnu | another one that cross.sh knows]
#
# Another than this machine's first needs `rustup target add`. The same sources make the same wheel, byte for byte.
set -eu
cd "$(dirname "$0")/.."
target=${1:-$(uname -m)-unknown-linux-gnu}
# For which systems pip takes it. Where Rust builds for macOS, it does so for these versions and later ones.
case $target in
    *-unknown-linux-gnu) platform=manylinux_2_28_${target%%-*} ;;
    *-unknown-linux-musl) platform=musllinux_1_2_${target%%-*} ;;
    aarch64-apple-darwin) platform=macosx_11_0_arm64 ;;
    x86_64-apple-darwin) platform=macosx_10_12_x86_64 ;;
    *) echo "wheel: there is no name for the platform of $target" >&2; exit 2 ;;
esac

mkdir -p build/wheel
rm -f build/wheel/*-"$platform".whl
scripts/cross.sh "$target" >"build/wheel/needs-$platform.txt"
ENTRA_ODBC_NATIVE=$PWD/build/native/$target ENTRA_ODBC_PLATFORM=$platform \
    .venv-wheel/bin/python -m build --wheel --no-isolation --outdir build/wheel python >/dev/null
ls -l build/wheel/*-"$platform".whl
