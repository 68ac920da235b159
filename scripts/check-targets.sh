#!/bin/sh
# Checks the sources for each system and processor they are written for, and prints one line for each at the end.
#
#   check-targets.sh [<target>…]
#
# clippy without a warning for all that is built for the target; for macOS and musl the library is linked as well, and its
# exports and needs are checked. Where `rustup target add` is refused, the line says so, and nothing fails.
set -eu
cd "$(dirname "$0")/.."
. scripts/packages.sh
python_packages .venv-wheel python/requirements-wheel.txt
PATH=$PWD/.venv-wheel/bin:$PATH
export PATH
built=${CARGO_TARGET_DIR:-$PWD/target}
all="-p entra-auth -p entra-odbc-core -p entra-odbc -p entra-odbc-cli -p entra-odbc-connect"
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT

clippy() {
    # shellcheck disable=SC2086
    cargo-zigbuild clippy --quiet --target "$@" -- -D warnings
}

# link <target> <file> <arguments for the linking>…: links the library, and checks its exports and needs.
link() {
    target=$1 file=$2
    shift 2
    cargo-zigbuild rustc --quiet -p entra-odbc --lib --target "$target" -- "$@" &&
        mkdir "$results/$target" && cp "$built/$target/debug/$file" "$results/$target/" &&
        python scripts/native_needs.py "$results/$target" "$target" 2.28 &&
        env -u RUSTFLAGS ENTRA_ODBC_TEST_LIBRARY="$results/$target/$file" \
            cargo test --quiet -p entra-odbc --test exports the_library_exports
}

check() {
    case $1 in
        *-windows-*)
            clippy "$1" -p entra-auth -p entra-odbc-core && said="clippy of entra-auth and entra-odbc-core" ;;
        *-apple-darwin)
            stubs=$PWD/build/apple
            # shellcheck disable=SC2086
            python scripts/apple_stubs.py "$stubs" && clippy "$1" $all &&
                link "$1" libentra_odbc.dylib -C linker="$PWD/scripts/apple_ld.sh" -C linker-flavor=ld64.lld \
                    -C link-arg=-syslibroot -C link-arg="$stubs" &&
                said="clippy; the library links, and exports and needs what it should" ;;
        *-linux-musl)
            export RUSTFLAGS="-C target-feature=-crt-static"
            # shellcheck disable=SC2086
            clippy "$1" $all && link "$1" libentra_odbc.so &&
                said="clippy; the library links, and exports and needs what it should" ;;
        *)
            # shellcheck disable=SC2086
            clippy "$1" $all && said="clippy" ;;
    esac
}

[ $# -gt 0 ] || set -- aarch64-unknown-linux-gnu x86_64-unknown-linux-musl aarch64-unknown-linux-musl \
    aarch64-apple-darwin x86_64-apple-darwin x86_64-pc-windows-gnu
failed=0
for target; do
    if ! rustup target add "$target" >"$results/rustup" 2>&1; then
        line="not checked: rustup has no such target here"
    # In a shell of its own, since some targets set flags.
    elif line=$(check "$target" >&2 && echo "$said"); then
        line="ok: $line"
    else
        line="FAILED" failed=1
    fi
    printf '%-28s %s\n' "$target" "$line" >>"$results/lines"
done
cat "$results/lines"
exit "$failed"
