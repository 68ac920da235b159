#!/bin/sh
# Builds the packages of one Rust target and its wheel twice, the second time from another checkout with another CARGO_HOME,
# and compares them byte for byte. What is not committed is not built.
#
#   test-reproducible.sh [<target>]
set -eu
cd "$(dirname "$0")/.."
target=${1:-$(uname -m)-unknown-linux-gnu}
work=$PWD/build/reproducible
rm -rf "$work"
mkdir -p "$work"

# build <checkout> <directory for the results>
build() {
    git clone --quiet . "$1"
    (cd "$1" && scripts/make-packages.sh "$target" && scripts/wheel.sh "$target") >&2
    mkdir "$2"
    cp "$1"/build/packages/* "$1"/build/wheel/*.whl "$1/build/native/$target"/*entra* "$2/"
}

build "$work/one" "$work/first"
CARGO_HOME=$work/cargo build "$work/another/checkout" "$work/second"
(cd "$work/first" && sha256sum -- * >../sums)
(cd "$work/second" && sha256sum --check ../sums)
