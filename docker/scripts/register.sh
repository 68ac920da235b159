#!/bin/sh
# Registers the library with unixODBC, in the odbcinst.ini of the system or below DESTDIR.
#
#   register.sh <template> <library>
#
# <library> is its path as the driver manager will see it. A section of the same name is replaced; other
# drivers' sections stay.
set -eu

template=$1
library=$2
ODBCSYSINI=${DESTDIR:-}/etc
unset ODBCINSTINI
export ODBCSYSINI

filled=$(mktemp)
trap 'rm -f "$filled"' EXIT
sed "s|@LIBRARY@|$library|" "$template" >"$filled"
name=$(sed -n 's/^\[\(.*\)\]$/\1/p' "$filled")

mkdir -p "$ODBCSYSINI"
touch "$ODBCSYSINI/odbcinst.ini"
# A second registration would only be counted, its path not taken.
if odbcinst -q -d -n "$name" >/dev/null 2>&1; then
    odbcinst -u -d -n "$name" >/dev/null
fi
odbcinst -i -d -f "$filled"
