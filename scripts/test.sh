#!/bin/sh
# Runs every check and ends with one line that counts them: "N passed, N failed".
set -eu
cd "$(dirname "$0")/.."
. scripts/environment.sh

log=$(mktemp)
trap 'rm -f "$log"' EXIT
passed=0
failed=0

# check <name> <command>…: one check that passes or fails as a whole.
check() {
    name=$1
    shift
    printf '\n== %s\n' "$name"
    if "$@"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        printf '== %s: FAILED\n' "$name"
    fi
}

# cargo_test <arguments>…: a run of cargo's tests, counted one by one; an ignored test counts as failed.
cargo_test() {
    printf '\n== cargo test %s\n' "$*"
    status=0
    { cargo test "$@" 2>&1 || echo "cargo test ended with $?"; } | tee "$log"
    if grep -q '^cargo test ended with' "$log"; then status=1; fi
    counts=$(awk '/^test result:/ { passed += $4; failed += $6 + $8 } END { print passed + 0, failed + 0 }' "$log")
    passed=$((passed + ${counts% *}))
    failed=$((failed + ${counts#* }))
    # What does not compile, or dies, has no result line of its own.
    if [ "$status" = 1 ] && [ "${counts#* }" = 0 ]; then failed=$((failed + 1)); fi
}

check 'format' cargo fmt --all --check
check 'lints' cargo clippy --quiet --workspace --all-targets -- -D warnings
check 'documentation' env RUSTDOCFLAGS='-Dwarnings -Arustdoc::private-intra-doc-links' cargo doc --quiet --workspace --no-deps --document-private-items
check 'shell scripts' sh -c 'for script in scripts/*.sh docker/scripts/*.sh; do sh -n "$script" || exit 1; done'
check 'no OpenSSL, no second TLS stack' sh -c \
    '! cargo tree --quiet -p entra-odbc -e normal --prefix none | grep -E "^(openssl|openssl-sys|native-tls|aws-lc-rs|aws-lc-sys) "'

check 'build' cargo build --quiet --workspace
ENTRA_ODBC_TEST_LIBRARY=${CARGO_TARGET_DIR:-$PWD/target}/debug/libentra_odbc.so
export ENTRA_ODBC_TEST_LIBRARY
cargo_test --workspace

printf '\n%s passed, %s failed\n' "$passed" "$failed"
[ "$failed" = 0 ]
