"""Writes what a linker needs to know of macOS where no SDK of Apple's is: stubs with names of functions, and no code.

    apple_stubs.py <directory>

The frameworks have the names that the crates for them declare. unixODBC's library has those of its list of exports; at run
time it is looked for in the run path.
"""

import json
import os
import re
import subprocess
import sys

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


def write(path, install_name, names):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    symbols = ", ".join(f"_{name}" for name in sorted(set(names)))
    with open(path, "w") as file:
        file.write(STUB.format(install_name=install_name, symbols=symbols))


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


def main(directory):
    sources = crates("Cargo.toml")
    for framework, crate in FRAMEWORKS.items():
        install_name = f"/System/Library/Frameworks/{framework}.framework/Versions/A/{framework}"
        path = os.path.join(directory, f"{framework}.framework", f"{framework}.tbd")
        write(path, install_name, declared(sources[crate]))
    unixodbc = crates("python/unixodbc/Cargo.toml")["unix-odbc"]
    with open(os.path.join(unixodbc, "unixODBC", "DriverManager", "DriverManager.exp")) as file:
        names = re.findall(r"^[A-Za-z_]\w*", file.read(), re.MULTILINE)
    write(os.path.join(directory, "libodbc.tbd"), "@rpath/libodbc.2.dylib", names)


if __name__ == "__main__":
    main(*sys.argv[1:])
