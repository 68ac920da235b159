#!/bin/sh
# Installs what the demo and the tests need: Debian packages, and Python packages into .venv.
#
# Touches nothing else: no odbcinst.ini, no user's home.
set -eu
cd "$(dirname "$0")/.."

say() { printf '%s\n' "$*" >&2; }

if ! command -v cargo >/dev/null; then
    say "setup: cargo is missing. Install Rust: https://rustup.rs"
    exit 1
fi

# unixODBC and the Kerberos libraries that Driver 18 needs; a compiler for the C hosts; PostgreSQL and its
# driver, which show that another driver can be wrapped; valgrind, which counts instructions.
packages="unixodbc unixodbc-dev odbcinst libkrb5-3 libgssapi-krb5-2 ca-certificates gcc g++ libc6-dev binutils
    procps python3 python3-venv odbc-postgresql postgresql-15 valgrind"
missing=""
for package in $packages; do
    state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$state" = installed ] || missing="$missing $package"
done
if [ -n "$missing" ]; then
    if [ "$(id -u)" = 0 ]; then
        as_root=""
    elif sudo -n true 2>/dev/null; then
        as_root="sudo"
    else
        say "setup: these Debian packages are missing, and this user may not install them. As root:"
        say "    apt-get install --no-install-recommends$missing"
        exit 1
    fi
    say "setup: installing$missing"
    export DEBIAN_FRONTEND=noninteractive
    # shellcheck disable=SC2086
    $as_root apt-get -q update >&2
    # shellcheck disable=SC2086
    $as_root apt-get -q install -y --no-install-recommends $missing >&2
fi

if ! cmp -s tests/requirements.txt .venv/installed.txt; then
    say "setup: installing Python packages into .venv"
    python3 -m venv --clear .venv
    .venv/bin/python -m pip install --quiet --disable-pip-version-check -r tests/requirements.txt >&2
    cp tests/requirements.txt .venv/installed.txt
fi
