#!/bin/sh
# Builds the wheel for every platform, or for the Rust targets that are named, and checks what each library exports:
# build/wheel/*.whl. One line for each at the end. Where `rustup target add` is refused, the line says so, and nothing fails.
#
#   wheels.sh [<target>…]
set -eu
cd "$(dirname "$0")/.."
[ $# -gt 0 ] || set -- x86_64-unknown-linux-gnu aarch64-unknown-linux-gnu x86_64-unknown-linux-musl aarch64-unknown-linux-musl \
    aarch64-apple-darwin x86_64-apple-darwin
failed=0
lines=
for target; do
    if ! rustup target add "$target" >&2; then
        line="not built: rustup has no such target here"
    elif scripts/wheel.sh "$target" >&2 && library=$(ls "$PWD/build/native/$target"/libentra_odbc.*) &&
        ENTRA_ODBC_TEST_LIBRARY=$library cargo test --quiet -p entra-odbc --test exports the_library_exports >&2; then
        line="built; exports and needs what it should"
    else
        line="FAILED" failed=1
    fi
    lines="$lines$(printf '%-28s %s' "$target" "$line")
"
done
printf '%s' "$lines"
exit "$failed"
