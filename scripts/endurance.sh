#!/bin/sh
# Connects 100,000 times on 8 threads while the CA certificates are replaced, and a few times under valgrind and
# AddressSanitizer. By hand: it takes some ten minutes. docs/ca-certificates.md has the last result.
set -eu
cd "$(dirname "$0")/.."
. scripts/environment.sh
cargo build --quiet -p standins
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cc -std=gnu99 -O1 -o "$work/script" tests/hosts/script.c -ldl
cc -std=gnu99 -O1 -fsanitize=address -o "$work/script-asan" tests/hosts/script.c -ldl
export WORK="$work"
ENTRA_ODBC_TEST_LIBRARY=$PWD/target/release/libentra_odbc.so
export ENTRA_ODBC_TEST_LIBRARY
# In quotes: what is expanded is the environment of the playground.
# shellcheck disable=SC2016
.venv/bin/python scripts/playground.py sh -euc '
    cat /etc/ssl/certs/ca-certificates.crt "$SSL_CERT_FILE" > "$WORK/bundle.pem"
    export SSL_CERT_FILE="$WORK/bundle.pem"
    string="${DATABASE}Authentication=ActiveDirectoryMsi"
    "$ENTRA_ODBC_TEST_PYTHON" tests/hosts/endurance.py "$string" "${CONNECTS:-100000}" 8
    set --
    for _ in 1 2 3 4 5; do set -- "$@" "connect:$string" disconnect; done
    valgrind --quiet --error-exitcode=9 --leak-check=no --suppressions=tests/hosts/valgrind.supp \
        "$WORK/script" "$@"
    # Of a sanitizer in the program, allocations of all libraries are seen.
    ASAN_OPTIONS=detect_leaks=0 "$WORK/script-asan" "$@"
'
echo 'endurance: passed'
