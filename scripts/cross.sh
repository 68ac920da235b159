#!/bin/sh
# Builds what is shipped (library, tool, `entra-odbc-connect`, and the unixODBC of the wheel) for a Rust target, with Zig
# as compiler of C and linker, so that it runs with old C libraries: build/native/<target>/
#
#   cross.sh x86_64-unknown-linux-gnu | aarch64-unknown-linux-gnu
#
# Another than this machine's first needs `rustup target add`.
set -eu
cd "$(dirname "$0")/.."
. scripts/packages.sh
target=$1
# What Driver 18's own wheel asks for.
glibc=2.28
out=$PWD/build/native/$target
built=${CARGO_TARGET_DIR:-$PWD/target}/$target/release

python_packages .venv-wheel python/requirements-wheel.txt
PATH=$PWD/.venv-wheel/bin:$PATH
export PATH

rm -rf "$out"
mkdir -p "$out/system" "$out/link"
# Programs that load the library have threads of their own, which end through its frames: the unwinder is the system's.
.venv-wheel/bin/python -m ziglang cc -target "${target%%-*}-linux-gnu.$glibc" -shared -nostdlib -Wl,-soname,libgcc_s.so.1 \
    -o "$out/link/libgcc_s.so.1" scripts/unwinder.c
cargo-zigbuild rustc --quiet --release -p entra-odbc --lib --target "$target.$glibc" -- \
    -C link-arg="$out/link/libgcc_s.so.1"
cargo zigbuild --quiet --release -p entra-odbc-cli --target "$target.$glibc"
python/unixodbc/build.sh "$out/system" "${target%%-*}-linux-gnu.$glibc"
# The program through which the tool connects is linked with that unixODBC, and finds the system's where there is one.
ln -s ../system/libodbc.so.2 "$out/link/libodbc.so"
RUSTFLAGS="${RUSTFLAGS:-} -L native=$out/link" \
    cargo zigbuild --quiet --release -p entra-odbc-connect --target "$target.$glibc"
cp "$built/libentra_odbc.so" "$built/entra-odbc" "$built/entra-odbc-connect" "$out/"
rm -r "$out/link"
# None of it may need more than that glibc and its own parts. (auditwheel takes the system's libodbc.so.2 for one that is
# missing.)
python scripts/native_needs.py "$out" "$glibc"
