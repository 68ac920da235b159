"""The crates that are linked into what is shipped for a Rust target, as Cargo resolves them for it."""

import dataclasses
import json
import os
import subprocess
import tomllib

# The shipped ones: library, tool, and the program through which the tool connects.
SHIPPED = ("entra-odbc", "entra-odbc-cli", "entra-odbc-connect")
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


@dataclasses.dataclass
class Crate:
    name: str
    version: str
    licence: str
    repository: str
    # Of the archive on crates.io; None for the project's own.
    sha256: str | None
    directory: str
    # Names and versions.
    dependencies: set = dataclasses.field(default_factory=set)


def cargo(*arguments):
    return subprocess.run(("cargo", *arguments), cwd=ROOT, check=True, capture_output=True, text=True).stdout


def linked(target):
    """All of them by name and version, in order."""
    with open(os.path.join(ROOT, "Cargo.lock"), "rb") as file:
        checksums = {(row["name"], row["version"]): row.get("checksum") for row in tomllib.load(file)["package"]}
    metadata = json.loads(cargo("metadata", "--locked", "--format-version", "1"))
    known = {(row["name"], row["version"]): row for row in metadata["packages"]}
    found = {}
    for product in SHIPPED:
        # Not `cargo metadata`, which has one set of features for the whole workspace, its tests included. Macros of
        # the compiler's leave nothing of themselves.
        tree = cargo(
            "tree", "--locked", "--package", product, "--edges", "normal,no-proc-macro", "--target", target,
            "--prefix", "depth", "--no-dedupe", "--format", " {p}",
        )
        path = []
        for line in tree.splitlines():
            depth, name, version = line.split()[:3]
            key = (name, version.removeprefix("v"))
            del path[int(depth):]
            if path:
                found[path[-1]].dependencies.add(key)
            path.append(key)
            if key not in found:
                row = known[key]
                found[key] = Crate(
                    *key, row["license"], row["repository"] or "", checksums[key], os.path.dirname(row["manifest_path"])
                )
    return dict(sorted(found.items()))


def linked_version(found, name):
    """The version of the project's own crate of that name."""
    (version,) = (crate.version for crate in found.values() if crate.name == name and not crate.sha256)
    return version
