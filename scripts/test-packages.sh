#!/bin/sh
# Installs, uses, upgrades and removes each package in a bare system of its own, below build/roots/, and compares what was
# there before with what is left. Needs root, and Debian's mirror: the systems are Debian 12 and 13.
#
#   test-packages.sh [<test>…]    all, or those named, such as test_debian.Debian.test_an_edited_entry_is_kept
#
# TARGETS are the Rust targets whose packages are built; BUILT=1 takes build/native/ as it is.
set -eu
cd "$(dirname "$0")/.."
. scripts/packages.sh
. scripts/environment.sh
if [ "$(id -u)" != 0 ]; then
    say "test-packages: needs root, to install packages in systems of their own"
    exit 1
fi
debian_packages debootstrap rpm binutils

ROOTS=$PWD/build/roots
PACKAGES=$PWD/build/packages
PACKAGES_AGAIN=$PWD/build/packages-again
NEWER_PACKAGES=$PWD/build/packages-newer
export ROOTS PACKAGES PACKAGES_AGAIN NEWER_PACKAGES

# A bare system of each, kept from run to run. The packages that tests install are downloaded into it.
for release in bookworm trixie; do
    if [ ! -f "$ROOTS/$release.ready" ]; then
        say "test-packages: making a bare Debian, $release"
        rm -rf "${ROOTS:?}/$release"
        mkdir -p "$ROOTS"
        debootstrap --variant=minbase "$release" "$ROOTS/$release" >"$ROOTS/$release.log"
        chroot "$ROOTS/$release" sh -euc 'apt-get -q update && apt-get -q -y --no-install-recommends --download-only \
            install unixodbc odbcinst libgssapi-krb5-2 openssl ca-certificates pkg-config' >>"$ROOTS/$release.log"
        touch "$ROOTS/$release.ready"
    fi
done

# shellcheck disable=SC2086
scripts/make-packages.sh ${BUILT:+--built} ${TARGETS:-} >/dev/null
# As from another checkout, on another machine: other times, another time zone.
touch packaging/scripts/*
# shellcheck disable=SC2086
TZ=Asia/Tokyo OUT=$PACKAGES_AGAIN scripts/make-packages.sh --built ${TARGETS:-} >/dev/null
OUT=$NEWER_PACKAGES VERSION=99.0.0 scripts/make-packages.sh --built x86_64-unknown-linux-gnu >/dev/null
cargo build --quiet -p standins

[ $# != 0 ] || set -- test_files test_debian test_rpm test_tarball
PYTHONPATH=$PWD/packaging/tests
export PYTHONPATH
ENTRA_ODBC_TEST_LIBRARY=$PWD/build/native/$(uname -m)-unknown-linux-gnu/libentra_odbc.so \
    python3 scripts/playground.py .venv-packages/bin/python -m unittest --verbose "$@"
