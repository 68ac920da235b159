#!/bin/sh
# Builds the images of docker/Dockerfile, and runs the driver, the tool and the playground in them. There need not be a
# Docker: buildah does it, which Debian has, on a base image that is made from Debian's packages as Docker's
# `debian:13-slim` is. Needs root and Debian's mirror.
#
# Microsoft's driver is that of the wheel on PyPI, mounted where Microsoft's package has it.
set -eu
cd "$(dirname "$0")/.."
. scripts/packages.sh
. scripts/environment.sh
if [ "$(id -u)" != 0 ]; then
    say "test-docker: needs root, to make images"
    exit 1
fi
debian_packages debootstrap buildah iproute2
scripts/docker-context.sh

# Images and containers of the test's own.
storage=$PWD/build/buildah
BUILDAH_ISOLATION=chroot
export BUILDAH_ISOLATION
buildah() { command buildah --storage-driver vfs --root "$storage/storage" --runroot "$storage/run" "$@"; }

base=docker.io/library/debian:13-slim
if ! buildah inspect --type image "$base" >/dev/null 2>&1; then
    say "test-docker: making the base image"
    root=$storage/base
    rm -rf "$root"
    mkdir -p "$root"
    debootstrap --variant=minbase trixie "$root" >"$storage/base.log"
    # As the slim images of Docker's Debian.
    mkdir -p "$root/etc/dpkg/dpkg.cfg.d"
    for documents in doc info lintian locale man; do
        rm -rf "${root:?}/usr/share/$documents"/*
        echo "path-exclude /usr/share/$documents/*"
    done >"$root/etc/dpkg/dpkg.cfg.d/docker"
    chroot "$root" sh <docker/scripts/clean.sh
    rm -rf "$root"/var/log/*.log "$root"/var/cache/apt/*.bin
    container=$(buildah from scratch)
    buildah add --quiet "$container" "$root" / >/dev/null
    buildah config --cmd bash --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$container"
    buildah commit --quiet --rm "$container" "$base" >/dev/null
    rm -rf "$root"
fi

for target in runtime standins client; do
    say "test-docker: building $target"
    buildah build --quiet --pull-never --file docker/Dockerfile --target "$target" --tag "entra-odbc-$target" . \
        >"$storage/$target.log" 2>&1 || { cat "$storage/$target.log" >&2; exit 1; }
done
# What `docker build` makes without --target is the first of them.
buildah build --quiet --pull-never --layers --file docker/Dockerfile --tag entra-odbc . >"$storage/last.log" 2>&1

# One network for all, in which the playground's ports are free.
STORAGE=$storage DRIVER18=$(dirname "$(dirname "$ENTRA_ODBC_TEST_DRIVER")") exec unshare --net --mount docker/tests/run.sh
