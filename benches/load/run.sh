#!/bin/sh
# What loading the library costs beside loading the bare driver.
#
#   run.sh <library> <real driver>
#
# Medians of 41 processes each, taken in turn. Prints rows as benches/run.py reads them.
set -eu
library=$(realpath "$1")
driver=$(realpath "$2")
here=$(dirname "$(realpath "$0")")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export ENTRA_ODBC_DRIVER="$driver"

cc -O2 "$here/load.c" -o "$work/load" -ldl
i=0
while [ $i -lt 41 ]; do
    "$work/load" "$driver" >> "$work/bare"
    "$work/load" "$library" >> "$work/shim"
    i=$((i + 1))
done

median() { cut -f "$1" "$2" | sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
row() { # name, unit, column, aim
    printf '%s\t%s\t%s\t%s\tmore\t%s\n' "$1" "$2" "$(median "$3" "$work/shim")" "$(median "$3" "$work/bare")" "$4"
}
row 'loading, time' ms 1 2
row 'loading, resident memory (RSS)' kB 2 1024
row 'loading, shared memory divided (PSS)' kB 3 ''
row 'loading, private memory' kB 4 ''
printf 'threads before the first token\t\t%s\t-\t\t1\n' "$(cut -f 5 "$work/shim" | sort -n | tail -n 1)"
printf 'size of the stripped library\tkB\t%s\t-\t\t4096\n' "$(($(wc -c < "$library") / 1024))"
