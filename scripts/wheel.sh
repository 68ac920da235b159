#!/bin/sh
# Builds the wheel for this platform, or for the Rust target that is named, and checks its tag: build/wheel/*.whl
#
#   wheel.sh [x86_64-unknown-linux-gnu | aarch64-unknown-linux-gnu]
#
# Another than this machine's first needs `rustup target add`.
set -eu
cd "$(dirname "$0")/.."
. scripts/packages.sh
target=${1:-$(uname -m)-unknown-linux-gnu}
architecture=${target%%-*}
# What Driver 18's own wheel asks for.
glibc=2.28
platform=manylinux_2_28_$architecture
built=${CARGO_TARGET_DIR:-$PWD/target}/$target/release

python_packages .venv-wheel python/requirements-wheel.txt
PATH=$PWD/.venv-wheel/bin:$PATH
export PATH

rm -rf build/native build/wheel
mkdir -p build/native/system build/wheel
cargo zigbuild --quiet --release -p entra-odbc --target "$target.$glibc"
cargo zigbuild --quiet --release -p entra-odbc-cli --target "$target.$glibc"
python/unixodbc/build.sh "$PWD/build/native/system" "$architecture-linux-gnu.$glibc"
# The program through which the tool connects is linked with that unixODBC, and finds the system's where there is one.
rm -rf build/link
mkdir -p build/link
ln -s "$PWD/build/native/system/libodbc.so.2" build/link/libodbc.so
RUSTFLAGS="${RUSTFLAGS:-} -L native=$PWD/build/link" \
    cargo zigbuild --quiet --release -p entra-odbc-connect --target "$target.$glibc"
cp "$built/libentra_odbc.so" "$built/entra-odbc" "$built/entra-odbc-connect" build/native/

ENTRA_ODBC_NATIVE=$PWD/build/native ENTRA_ODBC_PLATFORM=$platform \
    python -m build --wheel --no-isolation --outdir build/wheel python >/dev/null
wheel=$(echo build/wheel/*.whl)
# The library must not need more than its name says. (auditwheel takes the system's libodbc.so.2 for one that is missing.)
python scripts/wheel_needs.py build/native "$glibc" > build/wheel/needs.txt
ls -l "$wheel"
