#!/bin/sh
# Builds what is shipped (library, tool, `entra-odbc-connect`, and the unixODBC of the wheel) for a Rust target, with Zig
# as compiler of C: build/native/<target>/
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
    *-apple-darwin) cargo_target=$target suffix=dylib ;;
    *)
        say "cross.sh: $target is none of the targets for which the driver is built"
        exit 2
        ;;
esac

# Messages of panics have paths of sources in them, which are not to depend on the machine that builds.
RUSTFLAGS="${RUSTFLAGS:-} --remap-path-prefix=$PWD=/entra-odbc --remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=/cargo"
RUSTFLAGS="$RUSTFLAGS --remap-path-prefix=$(rustc --print sysroot)=/rust"
CFLAGS="${CFLAGS:-} -ffile-prefix-map=$PWD=/entra-odbc -ffile-prefix-map=${CARGO_HOME:-$HOME/.cargo}=/cargo"
export RUSTFLAGS CFLAGS

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
    mkdir "$out/link/odbc"
    ln -s ../../system/libodbc.so.2 "$out/link/odbc/libodbc.so"
fi

# build <package> <arguments for the linking of it>…
build() {
    package=$1
    shift
    if [ "$suffix" = dylib ]; then
        set -- -C linker="$PWD/scripts/apple_ld.sh" -C linker-flavor=ld64.lld \
            -C link-arg=-syslibroot -C link-arg="$out/link" "$@"
    fi
    cargo-zigbuild rustc --quiet --release -p "$package" --target "$cargo_target" -- "$@"
}

build entra-odbc
# Apart from the library, which would else get what the tool needs of their common dependencies.
build entra-odbc-cli
set -- -L native="$out/link/odbc"
if [ "$suffix" = dylib ]; then
    for directory in @loader_path/system /opt/homebrew/lib /usr/local/lib; do
        set -- "$@" -C link-arg=-rpath -C link-arg="$directory"
    done
fi
build entra-odbc-connect "$@"
cp "$built/libentra_odbc.$suffix" "$built/entra-odbc" "$built/entra-odbc-connect" "$out/"
rm -r "$out/link"
# None of it may need more than that C library and its own parts. (auditwheel takes the system's libodbc.so.2 for one that
# is missing.)
python scripts/native_needs.py "$out" "$target" "$glibc"
