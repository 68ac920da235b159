#!/bin/sh
# What a forwarded call costs, against the bare driver in the same run.
#
#   run.sh <library> <real driver> <connection string without DRIVER>
#
# Instructions per call are callgrind's, counted inside the loop of calls alone. Times are the lower quartiles of 15
# runs each, taken in turn, since other work on the machine only ever adds. The call is SQLNumResultCols, the cheapest
# that is forwarded; the connection string must lead <real driver> to a server that answers SELECT 1. Prints rows as
# benches/run.py reads them.
set -eu
library=$(realpath "$1")
driver=$(realpath "$2")
string=$3
here=$(dirname "$(realpath "$0")")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cc -O2 -w "$here/calls.c" -o "$work/calls" -lodbc -ldl
printf '[Bare]\nDriver=%s\n[Shim]\nDriver=%s\n' "$driver" "$library" > "$work/odbcinst.ini"
export ODBCSYSINI="$work" ODBCINSTINI=odbcinst.ini ENTRA_ODBC_DRIVER="$driver"

instructions() { # how, library, string
    valgrind --tool=callgrind --callgrind-out-file=/dev/null --collect-atstart=no --toggle-collect=measured \
        "$work/calls" "$1" "$2" "$3" 20000 2>&1 >/dev/null |
        sed -n 's/.*Collected *: *\([0-9]*\).*/\1/p' | awk '{ printf "%.2f", $1 / 20000 }'
}
quartile() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 3) / 4)] }'; }

measure() { # name, how, calls
    bare=$(instructions "$2" "$driver" "DRIVER=Bare;$string")
    shim=$(instructions "$2" "$library" "DRIVER=Shim;$string")
    printf '%s, instructions\t\t%s\t%s\tmore\t3\n' "$1" "$shim" "$bare"
    i=0
    while [ $i -lt 15 ]; do
        "$work/calls" "$2" "$driver" "DRIVER=Bare;$string" "$3" >> "$work/bare"
        "$work/calls" "$2" "$library" "DRIVER=Shim;$string" "$3" >> "$work/shim"
        i=$((i + 1))
    done
    printf '%s, time\tns\t%s\t%s\tratio\t1.03\n' "$1" "$(quartile < "$work/shim")" "$(quartile < "$work/bare")"
    rm "$work/bare" "$work/shim"
}

measure 'one call, direct' direct 5000000
measure 'one call, through unixODBC' manager 2000000
