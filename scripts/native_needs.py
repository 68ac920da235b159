"""Checks that what is shipped needs no newer C library than is promised, and no libraries but those that are there.

    native_needs.py <directory of the native files> <Rust target> <glibc version>
"""

import os
import re
import struct
import sys

from elftools.elf.elffile import ELFFile

# unixODBC and Kerberos lie beside it or come with Driver 18.
BESIDE = r"lib(odbc|odbcinst|krb5|gssapi_krb5)\.so\.\d+"
LIBRARIES = {
    # Parts of glibc, and gcc's runtime.
    "gnu": rf"(ld-linux-.*|lib(c|m|dl|rt|pthread|resolv|gcc_s))\.so\.\d+|{BESIDE}",
    "musl": rf"libc\.so|{BESIDE}",
    # Parts of every macOS. unixODBC is looked for in the run path.
    "darwin": r"/usr/lib/lib(System\.B|iconv\.2|c\+\+\.1)\.dylib"
    r"|/System/Library/Frameworks/(CoreFoundation|Security)\.framework/.*"
    r"|@rpath/lib(odbc\.2|entra_odbc\.0)\.dylib",
}

MACH_O = b"\xcf\xfa\xed\xfe"
LC_LOAD_DYLIB, LC_ID_DYLIB, LC_LOAD_WEAK_DYLIB = 0xC, 0xD, 0x80000018


def native_files(directory):
    for folder, _, names in os.walk(directory):
        for name in names:
            path = os.path.join(folder, name)
            with open(path, "rb") as file:
                if file.read(4) in (b"\x7fELF", MACH_O):
                    yield path


def numbers(version):
    return tuple(map(int, version.split(".")))


def elf_needs(file):
    """The needed libraries, and the versions of glibc's functions with the library that has them."""
    elf = ELFFile(file)
    dynamic = elf.get_section_by_name(".dynamic")
    needed = [tag.needed for tag in dynamic.iter_tags("DT_NEEDED")] if dynamic else []
    section = elf.get_section_by_name(".gnu.version_r")
    versions = [
        (version.name, library.name)
        for library, versions in (section.iter_versions() if section else ())
        for version in versions
        if version.name.startswith("GLIBC_")
    ]
    return needed, versions


def mach_o_needs(file):
    """The install names in the load commands: of the file itself, and of what it needs."""
    header = file.read(32)
    count = struct.unpack_from("<I", header, 16)[0]
    needed = []
    for _ in range(count):
        command, size = struct.unpack("<2I", file.read(8))
        body = file.read(size - 8)
        if command in (LC_LOAD_DYLIB, LC_ID_DYLIB, LC_LOAD_WEAK_DYLIB):
            offset = struct.unpack_from("<I", body)[0] - 8
            needed.append(body[offset:].split(b"\0")[0].decode())
    return needed, []


def complaints(path, system, newest):
    with open(path, "rb") as file:
        is_mach_o = file.read(4) == MACH_O
        file.seek(0)
        needed, versions = mach_o_needs(file) if is_mach_o else elf_needs(file)
    for library in needed:
        if not re.fullmatch(LIBRARIES[system], library):
            yield f"{path} needs {library}"
    for version, library in versions:
        if system != "gnu" or numbers(version.removeprefix("GLIBC_")) > numbers(newest):
            yield f"{path} needs {version} of {library}"


def main(directory, target, newest):
    system = target.rsplit("-", 1)[1]
    files = sorted(native_files(directory))
    found = [complaint for path in files for complaint in complaints(path, system, newest)]
    for complaint in found:
        print(complaint, file=sys.stderr)
    libc = {"gnu": f"glibc {newest} or older", "musl": "musl", "darwin": "macOS"}[system]
    print(f"{len(files)} files need {libc}, and known libraries" if not found else "not as the name says")
    return bool(found) or not files


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
