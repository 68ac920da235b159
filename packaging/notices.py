"""Prints the licences of the crates that are linked into what is shipped for a Rust target.

    notices.py <Rust target>
"""

import os
import sys

import crates

NAMES = ("LICENSE", "LICENCE", "COPYING", "COPYRIGHT", "NOTICE", "UNLICENSE")


def texts(directory):
    """The texts of the licence files of a crate."""
    for name in sorted(os.listdir(directory)):
        path = os.path.join(directory, name)
        if name.upper().startswith(NAMES) and os.path.isfile(path):
            with open(path, encoding="utf-8", errors="replace") as file:
                yield "\n".join(line.rstrip() for line in file).strip()


def notices(target):
    """The notices: each text once, with the crates that it belongs to, since most of them share a few."""
    by_text = {}
    for crate in crates.linked(target).values():
        if not crate.sha256:
            continue
        title = f"{crate.name} {crate.version}, {crate.licence}, {crate.repository}"
        found = list(texts(crate.directory)) or ["(The crate has no file with the text of this licence.)"]
        for text in found:
            by_text.setdefault(text, []).append(title)
    yield "The programs and libraries of entra-odbc contain these crates. Rust's standard library is under MIT or"
    yield "Apache-2.0, https://github.com/rust-lang/rust."
    for text, titles in by_text.items():
        yield "\n" + "=" * 80
        yield from titles
        yield "-" * 80
        yield text


if __name__ == "__main__":
    print("\n".join(notices(sys.argv[1])))
