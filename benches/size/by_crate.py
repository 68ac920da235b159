"""What the library is made of: its sections, and its code and data by crate.

    by_crate.py <library with its symbols> <library as shipped>

The crate is the first one in a symbol's name: that of a trait's method is the type's, and generic code counts for
the crate that it is written in, not for the one that it was made for. What the linker merged has one name of several.
"""

import os
import re
import subprocess
import sys

SHOWN = 24
with_symbols, shipped = sys.argv[1:]
NAMES = {"[std]": {"std", "core", "alloc", "hashbrown", "rustc_demangle", "gimli", "addr2line", "miniz_oxide", "memchr"}}


def output(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()


def crate(symbol):
    # <alloc::vec::Vec<T> as Trait>::method, <&mut T>::method, core::ptr::drop_in_place<tokio::…>
    dropped = re.match(r"core::ptr::drop_(?:in_place|glue)::?<(.*)", symbol)
    path = dropped[1] if dropped else symbol
    first = re.search(r"[A-Za-z_][A-Za-z0-9_]*(?=(?:\[[0-9a-f]+\])?::)", path)
    if not first:
        return "[C, assembly (ring) and exports]"
    name = first[0]
    return next((group for group, names in NAMES.items() if name in names), name)


def table(title, sizes, shown=None):
    total = sum(sizes.values())
    print(f"\n{title}")
    rows = sorted(sizes.items(), key=lambda item: -item[1])
    rest = sum(size for _, size in rows[shown:]) if shown else 0
    for name, size in rows[:shown] + ([(f"{len(rows) - shown} others", rest)] if rest else []):
        print(f"  {name:<36}{size / 1024:>10.1f} kB{size / total:>8.1%}")
    print(f"  {'together':<36}{total / 1024:>10.1f} kB")


sections = {}
for line in output("size", "-A", "-d", shipped):
    fields = line.split()
    if len(fields) == 3 and fields[0].startswith(".") and fields[2] != "0":
        sections[fields[0]] = int(fields[1])
sections.pop(".bss", None)
print(f"{os.path.basename(shipped)}: {os.path.getsize(shipped) / 1024:,.0f} kB")
table("Sections", sections, 12)

crates = {}
seen = set()
for line in output("nm", "-S", "-C", "--defined-only", with_symbols):
    # Address, size, kind, name; what has no size is a mere mark.
    symbol = re.match(r"([0-9a-f]+) ([0-9a-f]+) ([A-Za-z]) (.*)", line)
    # Two names for one place are counted once.
    if not symbol or symbol[3] in "bB" or symbol[1] in seen:
        continue
    seen.add(symbol[1])
    name = crate(symbol[4])
    crates[name] = crates.get(name, 0) + int(symbol[2], 16)
table("Code and named data by crate", crates, SHOWN)
