"""Checks that what is shipped needs no newer glibc than is promised, and no libraries but those that are there.

    native_needs.py <directory of the native files> <glibc version>
"""

import os
import re
import sys

from elftools.elf.elffile import ELFFile

# Parts of glibc, gcc's runtime, and what lies beside it or comes with Driver 18.
LIBRARIES = re.compile(r"(ld-linux-.*|lib(c|m|dl|rt|pthread|resolv|gcc_s|odbc|odbcinst|krb5|gssapi_krb5))\.so\.\d+")


def elf_files(directory):
    for folder, _, names in os.walk(directory):
        for name in names:
            path = os.path.join(folder, name)
            with open(path, "rb") as file:
                if file.read(4) == b"\x7fELF":
                    yield path


def numbers(version):
    return tuple(map(int, version.split(".")))


def complaints(path, newest):
    with open(path, "rb") as file:
        elf = ELFFile(file)
        needed = [tag.needed for tag in elf.get_section_by_name(".dynamic").iter_tags("DT_NEEDED")]
        for library in needed:
            if not LIBRARIES.fullmatch(library):
                yield f"{path} needs {library}"
        if os.path.basename(path) == "libentra_odbc.so" and "libgcc_s.so.1" not in needed:
            yield f"{path} has an unwinder of its own: see scripts/unwinder.c"
        section = elf.get_section_by_name(".gnu.version_r")
        for library, versions in section.iter_versions() if section else ():
            for version in versions:
                found = re.fullmatch(r"GLIBC_([\d.]+)", version.name)
                if found and numbers(found[1]) > numbers(newest):
                    yield f"{path} needs {version.name} of {library.name}"


def main(directory, newest):
    files = sorted(elf_files(directory))
    found = [complaint for path in files for complaint in complaints(path, newest)]
    for complaint in found:
        print(complaint, file=sys.stderr)
    print(f"{len(files)} files need glibc {newest} or older, and known libraries" if not found else "not as the name says")
    return bool(found) or not files


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
