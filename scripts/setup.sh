#!/bin/sh
# Installs what the demo and the tests need: Debian packages, or Homebrew's on macOS, and Python packages into .venv.
#
# Touches nothing else: no odbcinst.ini, no user's home.
set -eu
cd "$(dirname "$0")/.."
. scripts/packages.sh

if ! command -v cargo >/dev/null; then
    say "setup: cargo is missing. Install Rust: https://rustup.rs"
    exit 1
fi

if [ "$(uname -s)" = Darwin ]; then
    # Not tried on a Mac so far. Driver 18 comes with the Python packages, and Kerberos and a compiler with macOS and its
    # command line tools (xcode-select --install).
    brew_formulae unixodbc openssl@3 pkgconf psqlodbc shellcheck
    python_packages .venv tests/requirements.txt
    exit 0
fi

# unixODBC and the Kerberos libraries that Driver 18 needs; a compiler for the C hosts; PostgreSQL and its
# driver, which show that another driver can be wrapped; valgrind, which counts instructions; iproute2, by which the tests
# have networks of their own.
debian_packages unixodbc unixodbc-dev odbcinst libkrb5-3 libgssapi-krb5-2 ca-certificates openssl \
    gcc g++ libc6-dev binutils make pkg-config procps python3 python3-venv \
    odbc-postgresql postgresql-15 valgrind shellcheck iproute2 hostname
python_packages .venv tests/requirements.txt
