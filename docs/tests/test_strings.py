"""Every connection string in the documents is one that the driver can read."""

import re

import entra_odbc
import pytest
from page import ROOT

_DIRECTORIES = ("docs", "examples", "python", "docker")
# Keywords with their values, one of which says how to sign in.
_STRING = re.compile(r"(?:[A-Za-z]+=(?:\{[^}\n]*\}|[^\s;\"'`|{]*);)*(?:Authentication|fedauth)=\w(?:<[^>]*>|[^\s\"'`|])*")
# What only the machine lacks on which a string is to be used: a file, a variable, the program's own function, a secret.
_LACKING = ("PWD= is missing", "No such file or directory", "is not set", "or set ", "has not registered")
# The name of a mode, whose keywords stand elsewhere.
_MODE_ALONE = re.compile(r"(?:Authentication|fedauth)=\w+")


def documents():
    paths = [ROOT / "README.md"]
    for name in _DIRECTORIES:
        paths += sorted(path for path in (ROOT / name).rglob("*.md") if "node_modules" not in path.parts)
    return paths


@pytest.mark.parametrize("path", documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_the_driver_reads_the_strings_of(path):
    for string in _STRING.findall(path.read_text()):
        filled = re.sub(r"<[^>]*>", "11111111-2222-3333-4444-555555555555", string).replace("…", "x")
        try:
            entra_odbc.Credential(filled)
        except entra_odbc.Error as error:
            lacks = any(lacking in error.message for lacking in _LACKING)
            lacks = lacks or ("is missing" in error.message and _MODE_ALONE.fullmatch(string) is not None)
            # NotSpecified says nothing of how to sign in, in any client.
            says_how = "Authentication= is missing" not in error.message or "NotSpecified" in string
            assert lacks and says_how, f"{string}\n{error}"


def test_strings_are_found_in_the_documents():
    found = {string for path in documents() for string in _STRING.findall(path.read_text())}
    assert len(found) > 40, found
