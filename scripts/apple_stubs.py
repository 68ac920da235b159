"""Writes what a linker needs to know of macOS where no SDK of Apple's is: stubs with names of functions, and no code.

    apple_stubs.py <directory>

The directory is then one that the linker takes for an SDK. The C library has the names that Zig knows it by, the frameworks
those that the crates for them declare, and unixODBC's library those of its list of exports: at run time that is looked for
in the run path.
"""

import json
import os
import re
import subprocess
import sys

import ziglang

# Which crate declares the functions of a framework.
FRAMEWORKS = {"CoreFoundation": "core-foundation-sys", "Security": "security-framework-sys"}

STUB = """\
--- !tapi-tbd
tbd-version: 4
targets: [ x86_64-macos, arm64-macos ]
install-name: '{install_name}'
exports:
  - targets: [ x86_64-macos, arm64-macos ]
    symbols: [ {symbols} ]
...
"""


def write(path, install_name, symbols):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(STUB.format(install_name=install_name, symbols=", ".join(sorted(set(symbols)))))


def of_c(names):
    return [f"_{name}" for name in names]


def crates(manifest):
    command = ["cargo", "metadata", "--quiet", "--locked", "--format-version", "1", "--manifest-path", manifest]
    packages = json.loads(subprocess.check_output(command))["packages"]
    return {package["name"]: os.path.dirname(package["manifest_path"]) for package in packages}


def declared(crate):
    for folder, _, names in os.walk(os.path.join(crate, "src")):
        for name in names:
            with open(os.path.join(folder, name)) as file:
                text = file.read()
            # What stands in `extern` blocks has no body and no value.
            yield from re.findall(r"^\s*pub (?:unsafe )?fn (\w+)\s*\([^{}]*?;", text, re.MULTILINE)
            yield from re.findall(r"^\s*pub static (?:mut )?(\w+)\s*:[^=]*?;", text, re.MULTILINE)
            # Constants that are declared by a macro of the crate's. A name too many does no harm.
            yield from re.findall(r"\bk(?:CF|Sec)\w+", text)


def system_symbols():
    """The functions of the C library and of what it is made of, for the processors that Zig has them for: all of Apple's."""
    path = os.path.join(os.path.dirname(ziglang.__file__), "lib", "libc", "darwin", "libSystem.tbd")
    with open(path) as file:
        text = file.read()
    for symbols in re.findall(r"(?<!objc-)symbols:\s*\[(.*?)\]", text, re.DOTALL):
        names = (name.strip().strip("'") for name in symbols.split(","))
        # Instructions for Apple's linker about older systems (`$ld$…`) are no functions.
        yield from (name for name in names if re.fullmatch(r"[A-Za-z_][\w$]*", name))


def main(directory):
    libraries = os.path.join(directory, "usr", "lib")
    for name in ("System", "c", "m"):
        write(os.path.join(libraries, f"lib{name}.tbd"), "/usr/lib/libSystem.B.dylib", system_symbols())
    # Rust's standard library asks for it, and calls nothing of it.
    write(os.path.join(libraries, "libiconv.tbd"), "/usr/lib/libiconv.2.dylib", of_c(["iconv"]))
    sources = crates("Cargo.toml")
    for framework, crate in FRAMEWORKS.items():
        below = f"System/Library/Frameworks/{framework}.framework"
        path = os.path.join(directory, below, f"{framework}.tbd")
        write(path, f"/{below}/Versions/A/{framework}", of_c(declared(sources[crate])))
    unixodbc = crates("python/unixodbc/Cargo.toml")["unix-odbc"]
    with open(os.path.join(unixodbc, "unixODBC", "DriverManager", "DriverManager.exp")) as file:
        names = re.findall(r"^[A-Za-z_]\w*", file.read(), re.MULTILINE)
    write(os.path.join(directory, "odbc", "libodbc.tbd"), "@rpath/libodbc.2.dylib", of_c(names))


if __name__ == "__main__":
    main(*sys.argv[1:])
