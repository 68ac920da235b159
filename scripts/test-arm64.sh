#!/usr/bin/env bash
# Runs tests of the library as it is shipped for arm64 in a Debian system for arm64, on a machine with another processor,
# and ends with one line that counts them: "N passed, N failed".
#
# The tests themselves and the stand-ins run as they are; each host, its unixODBC, the library and the arm64 Driver 18 run
# under QEMU. Needs root, Linux 6.7, `rustup target add aarch64-unknown-linux-gnu`.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/packages.sh
. scripts/debian-roots.sh
. scripts/count.sh
target=aarch64-unknown-linux-gnu
if [ "$(uname -m)" = aarch64 ]; then
    say "this machine is one: make test"
    exit 1
fi

debian_packages debootstrap qemu-user-static uidmap
suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
root=$PWD/build/roots/$suite-arm64
scripts/wheel.sh "$target"
# The C library of this machine's processor is for the tests and for Zig, which compiles the hosts in C.
debian_root "$root" "$suite" arm64 libc6:amd64 libgcc-s1:amd64 unixodbc unixodbc-dev odbcinst libkrb5-3 \
    libgssapi-krb5-2 ca-certificates openssl python3 python3-venv make pkg-config procps iproute2 hostname

requirements=(tests/requirements.txt tests/requirements-roots.txt)
packages=$root/usr/local/lib/python3/dist-packages
if ! cat "${requirements[@]}" | cmp -s - "$packages/installed.txt"; then
    say "setup: installing Python packages into $root"
    python=$(in_root "$root" python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    rm -rf "$packages" "$root/usr/local/lib/python$python/dist-packages"
    mkdir -p "$packages"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --only-binary=:all: --python-version "$python" \
        --platform manylinux_2_28_aarch64 --platform manylinux2014_aarch64 --target "$packages" "${requirements[@]/#/--requirement=}"
    ln -s ../python3/dist-packages "$root/usr/local/lib/python$python/"
    cat "${requirements[@]}" >"$packages/installed.txt"
fi
# Whom this machine trusts, a proxy perhaps: a test installs the wheel from PyPI.
cp /etc/ssl/certs/ca-certificates.crt "$root/opt/"
# QEMU has threads, and whoever has threads may make no user namespace.
cp /usr/bin/unshare "$root/usr/local/bin/"
cat >"$root/usr/local/bin/cc" <<'CC'
#!/bin/sh
export ZIG_GLOBAL_CACHE_DIR=/tmp/zig ZIG_LOCAL_CACHE_DIR=/tmp/zig
exec /opt/zig/zig "$(basename "$0")" -target aarch64-linux-gnu -fno-sanitize=undefined -isystem /usr/include/aarch64-linux-gnu \
    -isystem /usr/include -L/usr/lib/aarch64-linux-gnu "$@"
CC
chmod +x "$root/usr/local/bin/cc"
ln -sf cc "$root/usr/local/bin/c++"
zig=$(.venv-wheel/bin/python -c 'import os, ziglang; print(os.path.dirname(ziglang.__file__))')
[ -e "$root/opt/zig" ] || cp -a "$zig" "$root/opt/zig"

# in_test_root <driver's variant> <command>…
in_test_root() {
    local driver
    driver=$(echo "$packages/mssql_python_odbc/libs/linux/$1"/arm64/lib/libmsodbcsql-18.*.so.*)
    in_root "$root" ENTRA_ODBC_TEST_LIBRARY="$PWD/build/native/$target/libentra_odbc.so" \
        ENTRA_ODBC_TEST_PYTHON=/usr/bin/python3 ENTRA_ODBC_TEST_DRIVER="${driver#"$root"}" "${@:2}"
}

# Loading certificates takes longer here than the second for which a fork waits for it.
skip=(--skip ca_cache::lifetime::a_child_forked_while_they_are_loaded)
# The tokens of these live for a time in which a slow host does not get done with its connects.
skip+=(--skip renewal::while_a_renewal_hangs)
# A Rust program, which would be one of this machine's processor.
skip+=(--skip hosts::a_rust_program_on_odbc_api)

cargo build --quiet --workspace
built=$(cargo test --quiet --workspace --no-run --message-format=json)
e2e=$(python3 scripts/built_tests.py entra-odbc:e2e <<<"$built")
capi=$(python3 scripts/built_tests.py entra-odbc:capi <<<"$built")
# The library's own tests, which fork and change its import tables, are built for arm64.
mkdir -p "$root/opt/link"
cp "build/native/$target/system/libodbc.so.2" "$root/opt/link/libodbc.so"
units=$(PATH=$PWD/.venv-wheel/bin:$PATH cargo-zigbuild rustc --quiet -p entra-odbc --lib --profile test --target "$target" \
    --message-format=json -- -L native="$root/opt/link" | python3 scripts/built_tests.py entra-odbc:entra_odbc)
rust_tests in_test_root debian_ubuntu "$units"
rust_tests in_test_root debian_ubuntu "$e2e" --test-threads 2 "${skip[@]}" hosts:: forwarded:: handles:: kinds:: fork:: \
    renewal:: pool:: same_as_bare:: diagnostics:: ca_cache::driver ca_cache::lifetime trust::connect_to
# Where else Microsoft has a build for arm64.
rust_tests in_test_root rhel "$e2e" --test-threads 2 "${skip[@]}" hosts:: kinds::every_kind

# Those that need no valgrind, which cannot run under QEMU.
rust_tests in_test_root debian_ubuntu "$capi" --test-threads 1 --skip valgrind connect:: install::
# The Python package by the C API, and the wheel in an environment of its own; it is built by this machine's Python.
pytest_tests in_test_root debian_ubuntu PYTHONPATH="$PWD/python" PIP_CERT=/opt/ca-certificates.crt python3 -m pytest \
    -p no:cacheprovider --config-file python/pyproject.toml \
    python/tests/test_{attrs_before,connect,tokens,structs,providers,wheel}.py --deselect \
    python/tests/test_wheel.py::test_the_same_files_make_the_same_wheel_byte_for_byte

in_root "$root" sh -c '. /etc/os-release; echo "$PRETTY_NAME, $(uname -m): $(odbcinst --version), $(python3 --version)"'
counted
