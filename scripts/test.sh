#!/bin/sh
# Runs every check and ends with one line that counts them: "N passed, N failed".
set -eu
cd "$(dirname "$0")/.."
. scripts/environment.sh
. scripts/count.sh

check 'format' cargo fmt --all --check
check 'lints' cargo clippy --quiet --workspace --all-targets -- -D warnings
check 'documentation' env RUSTDOCFLAGS='-Dwarnings -Arustdoc::private-intra-doc-links' cargo doc --quiet --workspace --no-deps --document-private-items
check 'shell scripts' shellcheck --severity=warning .ci/run scripts/*.sh docker/*/*.sh packaging/*.sh packaging/*/*.sh benches/*/*.sh python/*/*.sh python/tests/*/*.sh docs/*/*.sh
check 'no OpenSSL, no second TLS stack' sh -c \
    '! cargo tree --quiet -p entra-odbc -p entra-odbc-cli -e normal --prefix none | grep -E "^(openssl|openssl-sys|native-tls|aws-lc-rs|aws-lc-sys) "'

check 'build' cargo build --quiet --workspace
ENTRA_ODBC_TEST_LIBRARY=${CARGO_TARGET_DIR:-$PWD/target}/debug/libentra_odbc.$ENTRA_ODBC_LIBRARY_SUFFIX
export ENTRA_ODBC_TEST_LIBRARY
cargo_test --workspace

counted
