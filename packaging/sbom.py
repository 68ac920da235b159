"""Writes the bill of materials of what is shipped for a Rust target: CycloneDX JSON on standard output.

    sbom.py <Rust target> <version>

The same crates give the same bytes: no time, no random serial number.
"""

import json
import re
import subprocess
import sys
import uuid

import crates


def purl(name, version):
    return f"pkg:cargo/{name}@{version}"


def licence(crate):
    """As an SPDX expression; older crates write OR as a slash."""
    return [{"expression": re.sub(r"\s*/\s*", " OR ", crate.licence)}]


def component(crate):
    reference = purl(crate.name, crate.version)
    row = {
        "type": "library",
        "bom-ref": reference,
        "name": crate.name,
        "version": crate.version,
        "licenses": licence(crate),
        "purl": reference,
    }
    if crate.sha256:
        row["hashes"] = [{"alg": "SHA-256", "content": crate.sha256}]
    if crate.repository:
        row["externalReferences"] = [{"type": "vcs", "url": crate.repository}]
    return row


def bill(target, version):
    linked = crates.linked(target)
    release = subprocess.run(("rustc", "--version"), check=True, capture_output=True, text=True).stdout.split()[1]
    product = f"pkg:generic/entra-odbc@{version}?target={target}"
    standard_library = {
        "type": "library",
        "bom-ref": f"rust-std@{release}",
        "name": "rust-std",
        "version": release,
        "licenses": [{"expression": "MIT OR Apache-2.0"}],
        "externalReferences": [{"type": "vcs", "url": "https://github.com/rust-lang/rust"}],
    }
    contained = [purl(name, crates.linked_version(linked, name)) for name in crates.SHIPPED]
    graph = [{"ref": product, "dependsOn": [*contained, standard_library["bom-ref"]]}]
    graph += [
        {"ref": purl(*key), "dependsOn": sorted(purl(*other) for other in crate.dependencies)}
        for key, crate in linked.items()
    ]
    document = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": product,
                "name": "entra-odbc",
                "version": version,
                "licenses": [{"expression": "MIT"}],
                "purl": product,
            }
        },
        "components": [*(component(crate) for crate in linked.values()), standard_library],
        "dependencies": graph,
    }
    content = json.dumps(document, sort_keys=True)
    document["serialNumber"] = f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, content)}"
    return document


if __name__ == "__main__":
    json.dump(bill(*sys.argv[1:]), sys.stdout, indent=1)
    print()
