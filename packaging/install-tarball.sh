#!/bin/sh
# Installs entra-odbc for this user, and registers the driver in ~/.odbcinst.ini:
#
#   ./install.sh                                             under ~/.local, or PREFIX
#   ~/.local/libexec/entra-odbc/install.sh --uninstall       removes what it has put there, and the registration
#
# An entry of ~/.odbcinst.ini that was edited is kept by both.
set -eu
LC_ALL=C
export LC_ALL
here=$(cd "$(dirname "$0")" && pwd)
# Installed as PREFIX/libexec/entra-odbc/install.sh, it knows where.
case $here in
    */libexec/entra-odbc) PREFIX=${here%/libexec/entra-odbc} ;;
esac
PREFIX=${PREFIX:-${HOME:?is not set: name a directory by PREFIX=}/.local}
# One line each: `f` a file, `d` a directory that was not there before.
list=$PREFIX/share/entra-odbc/installed.txt

listed() {
    if [ -f "$list" ]; then sed -n "s/^$1 //p" "$list"; fi
}

# Removes the files of the list that is there; directories with files of others stay.
remove_files() {
    directories=$(listed d | sort -r)
    listed f | while IFS= read -r name; do rm -f "$PREFIX/$name"; done
    rm -f "$list"
    printf '%s\n' "$directories" | while IFS= read -r name; do
        rmdir "$PREFIX/$name" 2>/dev/null || true
    done
}

if [ "${1:-}" = --uninstall ]; then
    if [ ! -f "$list" ]; then
        echo "install.sh: nothing is installed under $PREFIX" >&2
        exit 1
    fi
    "$PREFIX/bin/entra-odbc" uninstall --user --package
    remove_files
    exit 0
fi

cd "$here/files"
# What an earlier version has put there goes, its registration stays.
remove_files
new=$(find . -type d | sed 's,^\./,,; s,^\.$,/,' | sort | while IFS= read -r name; do
    [ -d "$PREFIX/$name" ] || echo "d $name"
done)
mkdir -p "$PREFIX"
cp -RP . "$PREFIX/"
{
    printf '%s\n' "$new"
    find . ! -type d | sed 's,^\./,f ,' | sort
} >"$list"
"$PREFIX/bin/entra-odbc" install --user --package
case :$PATH: in
    *":$PREFIX/bin:"*) ;;
    *) echo "$PREFIX/bin is not in PATH: export PATH=\"$PREFIX/bin:\$PATH\"" ;;
esac
