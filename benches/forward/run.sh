#!/bin/sh
# What a forwarded call costs, against the bare driver in the same run.
#
#   run.sh <library> <real driver> <connection string without DRIVER>
#
# Instructions per call are callgrind's, as the difference of two runs that differ in their number of calls;
# times are the medians of 11 runs each, taken in turn. The call is SQLNumResultCols, the cheapest that is
# forwarded; the connection string must lead <real driver> to a server that answers SELECT 1.
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

instructions() { # how, library, string, count
    valgrind --tool=callgrind --callgrind-out-file=/dev/null "$work/calls" "$1" "$2" "$3" "$4" 2>&1 >/dev/null |
        sed -n 's/.*Collected *: *\([0-9]*\).*/\1/p'
}
per_call() { # how, library, string
    few=$(instructions "$1" "$2" "$3" 1000)
    many=$(instructions "$1" "$2" "$3" 21000)
    echo "$few $many" | awk '{ printf "%.2f", ($2 - $1) / 20000 }'
}
median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

row() { # name, how
    bare=$(per_call "$2" "$driver" "DRIVER=Bare;$string")
    shim=$(per_call "$2" "$library" "DRIVER=Shim;$string")
    i=0
    while [ $i -lt 11 ]; do
        "$work/calls" "$2" "$driver" "DRIVER=Bare;$string" 3000000 >> "$work/bare"
        "$work/calls" "$2" "$library" "DRIVER=Shim;$string" 3000000 >> "$work/shim"
        i=$((i + 1))
    done
    bare_time=$(median < "$work/bare")
    shim_time=$(median < "$work/shim")
    rm "$work/bare" "$work/shim"
    echo "$1 $bare $shim $bare_time $shim_time" |
        awk '{ printf "%-18s %9.2f %9.2f %+7.2f %9.2f %9.2f %7.3f\n", $1, $2, $3, $3 - $2, $4, $5, $5 / $4 }'
}

printf '%-18s %9s %9s %7s %9s %9s %7s\n' 'SQLNumResultCols' 'bare ins' 'shim ins' 'more' 'bare ns' 'shim ns' 'ratio'
row 'direct' direct
row 'through-unixODBC' manager
