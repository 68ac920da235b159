#!/bin/sh
# Builds what docker/Dockerfile takes from here: this machine's package into build/packages/, unless it is there, and the
# stand-ins of the playground into build/docker/.
set -eu
cd "$(dirname "$0")/.."
target=$(uname -m)-unknown-linux-gnu

# shellcheck disable=SC2086
if ! ls build/packages/entra-odbc_*_"$(dpkg --print-architecture)".deb >/dev/null 2>&1; then
    scripts/make-packages.sh ${BUILT:+--built} "$target" >/dev/null
fi
cargo build --quiet -p standins
mkdir -p build/docker
cp "${CARGO_TARGET_DIR:-target}/debug/standins" build/docker/standins
strip build/docker/standins
