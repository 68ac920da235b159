"""What the packages contain, without installing them."""

import json
import os
import re
import subprocess
import unittest

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

PACKAGES, AGAIN = os.environ["PACKAGES"], os.environ["PACKAGES_AGAIN"]


def read(directory, name):
    with open(os.path.join(directory, name), "rb") as file:
        return file.read()


def of_kind(*endings):
    return sorted(name for name in os.listdir(PACKAGES) if name.endswith(endings))


def contents(name):
    """Names and modes of a package's files, as tar or rpm tell them; directories that it does not own left out."""
    path = os.path.join(PACKAGES, name)
    if name.endswith(".rpm"):
        command = ["rpm", "--query", "--package", path, "--queryformat", "[%{FILEMODES:perms} %{FILENAMES}\n]"]
    elif name.endswith(".deb"):
        command = ["sh", "-c", 'dpkg-deb --fsys-tarfile "$1" | tar -tv | sed "s, -> .*,,"', "sh", path]
    else:
        command = ["sh", "-c", 'tar -tvzf "$1" 2>/dev/null | sed "s, -> .*,,"', "sh", path]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    rows = (line.split() for line in lines)
    files = ((row[0], row[-1].lstrip(".").lstrip("/")) for row in rows)
    return sorted((mode, name) for mode, name in files if mode[0] in "-l")


def neutral(files):
    """The same, wherever a distribution has its libraries."""
    place = re.compile(r"usr/lib(64|/[a-z0-9_]+-linux-gnu)?/")
    return sorted((mode[:10], place.sub("usr/lib/", name)) for mode, name in files)


class Files(unittest.TestCase):
    def test_a_second_build_has_the_same_bytes(self):
        names = sorted(os.listdir(PACKAGES))
        self.assertEqual(names, sorted(os.listdir(AGAIN)))
        self.assertEqual([], [name for name in names if read(PACKAGES, name) != read(AGAIN, name)])

    def test_the_checksums_are_those_of_all_files(self):
        subprocess.run(["sha256sum", "--check", "--quiet", "--strict", "SHA256SUMS"], cwd=PACKAGES, check=True)
        listed = [line.split()[1] for line in read(PACKAGES, "SHA256SUMS").decode().splitlines()]
        self.assertEqual(sorted([*listed, "SHA256SUMS"]), sorted(os.listdir(PACKAGES)))

    def test_all_processors_and_formats_have_the_same_files(self):
        packages = of_kind(".deb", ".rpm", ".apk")
        expected = neutral(contents(packages[0]))
        self.assertIn(("-rwxr-xr-x", "usr/libexec/entra-odbc/entra-odbc-connect"), expected)
        for file in ("share/man/man5/entra-odbc-keywords.5", "include/entra_odbc.h", "lib/pkgconfig/entra-odbc.pc",
                     "share/bash-completion/completions/entra-odbc", "share/doc/entra-odbc/LICENSE"):
            self.assertIn(("-rw-r--r--", f"usr/{file}"), expected)
        for name in packages[1:]:
            files = [row for row in neutral(contents(name)) if row[1].startswith("usr/")]
            self.assertEqual(expected, files, name)

    def test_programs_and_libraries_are_for_the_processor_in_the_name(self):
        for name in of_kind(".deb"):
            machine = {"amd64.deb": "Advanced Micro Devices X86-64", "arm64.deb": "AArch64"}[name.split("_")[-1]]
            work = os.path.join(os.environ["ROOTS"], "contents")
            subprocess.run(["rm", "-rf", work], check=True)
            subprocess.run(["dpkg-deb", "-x", os.path.join(PACKAGES, name), work], check=True)
            found = 0
            for folder, _, files in os.walk(work):
                for file in files:
                    path = os.path.join(folder, file)
                    if not os.path.islink(path) and read(folder, file)[:4] == b"\x7fELF":
                        found += 1
                        header = subprocess.run(["readelf", "-h", path], check=True, capture_output=True, text=True)
                        self.assertIn(machine, header.stdout, path)
            self.assertEqual(4, found)
            subprocess.run(["rm", "-rf", work], check=True)

    def test_each_target_has_a_bill_of_materials(self):
        bills = of_kind(".cdx.json")
        self.assertTrue(bills)
        for name in bills:
            text = read(PACKAGES, name).decode()
            self.assertIsNone(JsonStrictValidator(SchemaVersion.V1_6).validate_str(text), name)
            bill = json.loads(text)
            names = {row["name"] for row in bill["components"]}
            self.assertLessEqual({"entra-odbc", "entra-odbc-cli", "entra-auth", "rustls", "rust-std"}, names)
            # Nothing of what only builds and tests it.
            self.assertFalse({"standins", "cbindgen", "test-support"} & names)
            references = {row["bom-ref"] for row in bill["components"]}
            for row in bill["dependencies"]:
                self.assertLessEqual(set(row["dependsOn"]), references)
