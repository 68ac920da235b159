#!/bin/sh
# Runs what is built for musl, with Driver 18 for musl, against the stand-ins, on a machine with glibc: under build/musl/ there
# are the musl of Debian 13 (1.2.5: Alpine's libraries need 1.2.4, Debian 12 has 1.2.3) and libraries from wheels.
set -eu
cd "$(dirname "$0")/.."
. scripts/packages.sh
target=x86_64-unknown-linux-musl
if [ "$(uname -m)" != x86_64 ]; then
    say "test-musl: only on x86-64"
    exit 0
fi
rustup target add "$target" 2>&1 || { say "test-musl: $target is not to be had here, nothing was run"; exit 0; }

scripts/cross.sh "$target"
cargo build --quiet -p standins

wheels=build/musl
if ! cmp -s tests/requirements-musl.txt "$wheels/installed.txt"; then
    rm -rf "$wheels"
    mkdir -p "$wheels"
    debian_file "$wheels/musl.deb" pool/main/m/musl/musl_1.2.5-3_amd64.deb \
        4288deaf14438e6c237491be45f10e3e7badb2e723cedfb08ff1fe687b646c84
    dpkg-deb -x "$wheels/musl.deb" "$wheels/root"
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
