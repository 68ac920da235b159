#!/bin/sh
# Runs what is built for musl, with Driver 18 for musl, against the stand-ins: on Debian, by its package `musl`.
set -eu
cd "$(dirname "$0")/.."
. scripts/packages.sh
target=x86_64-unknown-linux-musl
if [ "$(uname -m)" != x86_64 ]; then
    say "test-musl: only on x86-64"
    exit 0
fi
rustup target add "$target" 2>&1 || { say "test-musl: $target is not to be had here, nothing was run"; exit 0; }

debian_packages musl
scripts/cross.sh "$target"
cargo build --quiet -p standins

wheels=build/musl
if ! cmp -s tests/requirements-musl.txt "$wheels/installed.txt"; then
    rm -rf "$wheels"
    mkdir -p "$wheels"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --only-binary=:all: \
        --platform musllinux_1_2_x86_64 --target "$wheels/packages" -r tests/requirements-musl.txt
    cp tests/requirements-musl.txt "$wheels/installed.txt"
fi
# By the names that the driver asks for; libcrypto by the name that its libssl asks for as well.
rm -rf build/musl/lib
mkdir "$wheels/lib"
packages=$PWD/$wheels/packages
ln -s "$packages"/greenlet.libs/libstdc++-*.so.6.* "$wheels/lib/libstdc++.so.6"
ln -s "$packages"/greenlet.libs/libgcc_s-*.so.1 "$wheels/lib/libgcc_s.so.1"
ln -s "$packages"/psycopg2_binary.libs/libssl-*.so.3 "$wheels/lib/libssl.so.3"
ln -s "$packages"/psycopg2_binary.libs/libcrypto-*.so.3 "$wheels/lib/libcrypto.so.3"
.venv/bin/python scripts/musl.py "build/native/$target" "$wheels"
