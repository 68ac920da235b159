#!/bin/sh
# Builds what is shipped (library, tool, `entra-odbc-connect`, and the unixODBC of the wheel) for a Rust target, with Zig
# as compiler of C and linker: build/native/<target>/
#
#   cross.sh <processor>-unknown-linux-gnu | <processor>-unknown-linux-musl | <processor>-apple-darwin
#
# where the processor is x86_64 or aarch64. For glibc it runs with old C libraries; for musl it needs that C library alone;
# for macOS without an SDK of Apple's, and without a unixODBC: Microsoft's driver has one beside it.
#
# Another than this machine's first needs `rustup target add`.
set -eu
cd "$(dirname "$0")/.."
. scripts/packages.sh
target=$1
# What Driver 18's own wheel asks for.
glibc=2.28
processor=${target%%-*}
out=$PWD/build/native/$target
built=${CARGO_TARGET_DIR:-$PWD/target}/$target/release
suffix=so
# What Cargo and Zig call the target.
case $target in
    *-linux-gnu) cargo_target=$target.$glibc zig_target=$processor-linux-gnu.$glibc ;;
    *-linux-musl)
        cargo_target=$target zig_target=$processor-linux-musl
        # Rust links musl in by default; a library that programs load needs theirs.
        RUSTFLAGS="${RUSTFLAGS:-} -C target-feature=-crt-static"
        ;;
    *-apple-darwin)
        cargo_target=$target suffix=dylib
        RUSTFLAGS="${RUSTFLAGS:-} -C link-arg=-F$out/link"
        ;;
    *)
        say "cross.sh: $target is none of the targets for which the driver is built"
        exit 2
        ;;
esac
export RUSTFLAGS

python_packages .venv-wheel python/requirements-wheel.txt
PATH=$PWD/.venv-wheel/bin:$PATH
export PATH

rm -rf "$out"
mkdir -p "$out/link"
if [ "$suffix" = dylib ]; then
    python scripts/apple_stubs.py "$out/link"
else
    mkdir -p "$out/system"
    python/unixodbc/build.sh "$out/system" "$zig_target"
    # The program through which the tool connects is linked with that unixODBC, and finds the system's where there is one.
    ln -s ../system/libodbc.so.2 "$out/link/libodbc.so"
fi
cargo zigbuild --quiet --release -p entra-odbc --target "$cargo_target"
cargo zigbuild --quiet --release -p entra-odbc-cli --target "$cargo_target"
[ "$suffix" = so ] || RUSTFLAGS="$RUSTFLAGS -C link-arg=-Wl,-rpath,@loader_path/system \
-C link-arg=-Wl,-rpath,/opt/homebrew/lib -C link-arg=-Wl,-rpath,/usr/local/lib"
RUSTFLAGS="$RUSTFLAGS -L native=$out/link" \
    cargo zigbuild --quiet --release -p entra-odbc-connect --target "$cargo_target"
cp "$built/libentra_odbc.$suffix" "$built/entra-odbc" "$built/entra-odbc-connect" "$out/"
rm -r "$out/link"
# None of it may need more than that C library and its own parts. (auditwheel takes the system's libodbc.so.2 for one that
# is missing.)
python scripts/native_needs.py "$out" "$target" "$glibc"
