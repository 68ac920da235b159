#!/bin/sh
# Installs, or with `--uninstall` removes, the library, the tool, what C programs are linked with, header, pkg-config
# file and documents under PREFIX (/usr/local), below DESTDIR if that is set.
#
# LIBRARY names a library that is built already, and TOOLS a directory with the tool's programs, which may be left out
# then; else both are built as they are shipped, or under sudo were by `make build`. PAGES_TOOL is a tool that runs here
# and writes manual pages and completions, where that of TOOLS is for another processor. LIBDIR is the directory of
# libraries below PREFIX: lib, or as the distribution has it. Registers no driver: `entra-odbc install` does, see
# docs/install.md.
set -eu
cd "$(dirname "$0")/.."
PREFIX=${PREFIX:-/usr/local}
DESTDIR=${DESTDIR:-}
LIBDIR=${LIBDIR:-lib}
case $PREFIX in
    /*) ;;
    *) echo "install: PREFIX must be an absolute path: $PREFIX" >&2; exit 2 ;;
esac
root=$DESTDIR$PREFIX
documents=share/doc/entra-odbc

if [ "${1:-}" = --uninstall ]; then
    for file in "$LIBDIR/libentra_odbc.so" "$LIBDIR/libentra_odbc.so.0" "$LIBDIR/libentra_odbc_api.so" \
        "$LIBDIR/libentra_odbc_api.so.0" "$LIBDIR/pkgconfig/entra-odbc.pc" include/entra_odbc.h bin/entra-odbc \
        share/man/man1/entra-odbc.1 \
        share/bash-completion/completions/entra-odbc share/zsh/site-functions/_entra-odbc \
        share/fish/vendor_completions.d/entra-odbc.fish share/man/man5/entra-odbc-keywords.5; do
        rm -f "$root/$file"
    done
    rm -f "$root"/share/man/man1/entra-odbc-*.1
    rm -rf "${root:?}/$documents" "${root:?}/libexec/entra-odbc"
    exit 0
fi

if [ -z "${LIBRARY:-}" ]; then
    TOOLS=${CARGO_TARGET_DIR:-target}/release
    LIBRARY=$TOOLS/libentra_odbc.so
    # root's Rust is another one, or none, and would leave files of root's in the target directory.
    if [ -z "${SUDO_USER:-}" ]; then
        cargo build --release -p entra-odbc
        cargo build --release -p entra-odbc-cli -p entra-odbc-connect
    fi
fi
if [ ! -f "$LIBRARY" ]; then
    echo "install: there is no $LIBRARY: run \`make build\` first, without sudo" >&2
    exit 1
fi
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml | head -n 1)
# Where the loader does not look by itself, programs are told where the library is. In /usr/local/lib it looks only once
# ldconfig has run, and on Red Hat not at all.
case $PREFIX in
    /usr) rpath= ;;
    *) rpath='-Wl,-rpath,${libdir} ' ;;
esac

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n -E 's,^[a-z].*[ *](entra_[a-z_]+)\(.*,FUNCTION(\1),p' include/entra_odbc.h >"$work/functions.h"
${CC:-cc} -O2 -Wall -Wextra -Werror -shared -fPIC -Wl,-soname,libentra_odbc_api.so.0 -Wl,-rpath,'$ORIGIN' \
    -Wl,-z,nodelete -Wl,-z,defs -I "$work" -o "$work/libentra_odbc_api.so.0" link/entra_odbc_api.c -ldl
sed -e "s|@PREFIX@|$PREFIX|; s|@LIBDIR@|$LIBDIR|; s|@VERSION@|$version|; s|@RPATH@|$rpath|" link/entra-odbc.pc.in >"$work/entra-odbc.pc"

install -d "$root/$LIBDIR/pkgconfig" "$root/include"
install -m 755 "$LIBRARY" "$root/$LIBDIR/libentra_odbc.so.0"
install -m 755 "$work/libentra_odbc_api.so.0" "$root/$LIBDIR/libentra_odbc_api.so.0"
ln -sf libentra_odbc.so.0 "$root/$LIBDIR/libentra_odbc.so"
ln -sf libentra_odbc_api.so.0 "$root/$LIBDIR/libentra_odbc_api.so"
install -m 644 include/entra_odbc.h "$root/include/"
install -m 644 "$work/entra-odbc.pc" "$root/$LIBDIR/pkgconfig/"
# An upgrade leaves no document of the version before.
rm -rf "${root:?}/$documents"
scripts/documents.sh "$root/$documents"

[ -n "${TOOLS:-}" ] || exit 0
PAGES_TOOL=${PAGES_TOOL:-$TOOLS/entra-odbc}
install -d "$root/bin" "$root/libexec/entra-odbc" "$root/share/man/man1" "$root/share/man/man5" "$root/share/bash-completion/completions" \
    "$root/share/zsh/site-functions" "$root/share/fish/vendor_completions.d"
install -m 755 "$TOOLS/entra-odbc" "$root/bin/"
install -m 755 "$TOOLS/entra-odbc-connect" "$root/libexec/entra-odbc/"
"$PAGES_TOOL" man --directory "$root/share/man/man1"
mv "$root/share/man/man1/entra-odbc-keywords.5" "$root/share/man/man5/"
"$PAGES_TOOL" completions bash >"$root/share/bash-completion/completions/entra-odbc"
"$PAGES_TOOL" completions zsh >"$root/share/zsh/site-functions/_entra-odbc"
"$PAGES_TOOL" completions fish >"$root/share/fish/vendor_completions.d/entra-odbc.fish"
