#!/bin/sh
# Builds what a system without unixODBC and Kerberos lacks: build.sh <directory> <Zig's name of the platform>
set -eu
out=$1
platform=$2
cd "$(dirname "$0")"
mkdir -p "$out"
# In which order the stars give files.
LC_ALL=C
export LC_ALL

source=$(cargo metadata --quiet --locked --format-version 1 | python3 -c '
import json, os, sys
packages = json.load(sys.stdin)["packages"]
print(*(os.path.dirname(package["manifest_path"]) for package in packages if package["name"] == "unix-odbc"))')
odbc=$source/unixODBC
version=$(sed -n 's/^AC_INIT(\[unixODBC\], *\[\([0-9.]*\)\].*/\1/p' "$odbc/configure.ac")

# library <name of the file> <names that it exports> <arguments>…
library() {
    name=$1
    exports=$2
    shift 2
    printf '%s\n' "$exports" >"$out/$name.map"
    python3 -m ziglang cc -target "$platform" -shared -fPIC -O2 -s -std=gnu99 -fno-sanitize=undefined \
        -ffile-prefix-map="$source"=/unix-odbc -Wl,-soname,"$name" -Wl,-Bsymbolic -Wl,--version-script="$out/$name.map" -o "$out/$name" "$@"
    rm "$out/$name.map"
}

# exported <file of unixODBC's with names>…
exported() { printf '{ global: %s local: *; };' "$(cat "$@" | tr -s ' \t\r\n' '\n' | sed -n 's/^[A-Za-z_].*/&;/p' | tr '\n' ' ')"; }

# Ours comes first: the crate has an ltdl.h of its own.
unixodbc="-w -I. -I$source -I$odbc -I$odbc/include -I$odbc/DriverManager -I$odbc/odbcinst -I$odbc/ini -I$odbc/log -I$odbc/lst"
parts="$odbc/odbcinst/*.c $odbc/ini/*.c $odbc/log/*.c $odbc/lst/*.c"
# shellcheck disable=SC2086
library libodbc.so.2 "$(exported "$odbc/DriverManager/DriverManager.exp")" -DVERSION="\"$version\"" $unixodbc "$odbc"/DriverManager/*.c $parts
# shellcheck disable=SC2086
library libodbcinst.so.2 "$(exported "$odbc/odbcinst/odbcinst.exp")" -DVERSION="\"$version\"" $unixodbc $parts

library libgssapi_krb5.so.2 'gssapi_krb5_2_MIT { global: gss_*; GSS_*; local: *; };' -Wall -Wextra -DGSSAPI kerberos.c
library libkrb5.so.3 'krb5_3_MIT { global: krb5_*; local: *; };' -Wall -Wextra kerberos.c

cp "$odbc/COPYING" "$out/unixODBC-COPYING"
cp README.txt "$out/"
