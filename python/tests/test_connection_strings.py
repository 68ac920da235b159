"""Connection strings: what is quoted, and what a string says."""

import re
from pathlib import Path

import pytest
from entra_odbc import Error
from entra_odbc._connect import WHO
from entra_odbc._string import ended, joined, pairs, plain, utf8, without


def names(string):
    return [(name, value) for name, value, _ in pairs(string)]


def test_a_value_is_quoted_only_where_it_must_be():
    assert joined({"UID": "3a7d-9c52", "PWD": "pay8Q~roll;{secret}=1"}) == "UID=3a7d-9c52;PWD={pay8Q~roll;{secret}}=1};"
    assert joined({"APP": " x ", "Empty": "", "Encrypt": True, "Left": None}) == "APP={ x };Empty={};Encrypt=yes;"


@pytest.mark.parametrize("name", ["", " ", "UID;PWD", "UID=x;PWD", "{UID", "UID}", "UID\0"])
def test_a_keyword_brings_no_other_along(name):
    with pytest.raises(Error, match="a keyword is empty or has"):
        joined({"SERVER": "localhost", name: "x"})


def test_what_was_joined_is_read_again():
    values = {"a": "1;2", "b": "}{", "c": "x}}y;", "d": "{z}"}
    read = {name: value[1:-1].replace("}}", "}") for name, value in names(joined(values))}
    assert read == values


def test_a_string_is_read_as_driver_18_reads_it():
    assert names("SERVER=localhost,1433; Authentication = x ;PWD={a;b}}c};UID=e") == [
        ("server", "localhost,1433"),
        ("authentication", "x"),
        ("pwd", "{a;b}}c}"),
        ("uid", "e"),
    ]


@pytest.mark.parametrize("string", ["", ";", ";;", "word", "word;word", "PWD={never closed; UID=x"])
def test_a_malformed_string_is_read_to_its_end(string):
    assert len(names(string)) <= 1


def test_the_pieces_of_a_string_are_the_string():
    string = "SERVER=localhost;PWD={a;b};UID=c"
    assert "".join(piece for *_, piece in pairs(string)) == string


def test_another_keyword_fits_behind_a_string():
    assert [ended(string) for string in ("", "a=b", "a=b;", "a=b; ")] == ["", "a=b;", "a=b;", "a=b; "]


@pytest.mark.parametrize("text", ["a\0b", "a\ud800b"])
def test_what_c_would_cut_or_misread_is_an_error(text):
    with pytest.raises(Error) as failure:
        utf8(text)
    assert failure.value.sqlstate == "HY000"


# How somebody signs in, or what a token is for and how it is kept: said of anybody.
NOTWHO = {
    "trustedconnection", "integratedsecurity", "sendcertificatechain", "redirecturi", "interactivetimeout",
    "saveaccount", "additionallyallowedtenants", "authority", "scope", "resource", "disableinstancediscovery",
    "tokentimeout", "tokenexpiryisdead", "tokencache", "logintimeout", "connecttimeout",
    "connectiontimeout", "timeout", "connectto",
}


def test_every_keyword_that_says_who_signs_in_is_known_as_one():
    table = (Path(__file__).parents[2] / "auth/src/parameters/keyword.rs").read_text()
    table = table.split("pub const KEYWORDS")[1].split("];")[0]
    rows = re.findall(r"(?:row|secret)\(\s*Keyword::\w+,\s*&\[(.*?)\]", table, re.DOTALL)
    names = {plain(name) for row in rows for name in re.findall(r'"(.*?)"', row)}
    assert len(rows) > 30
    assert names == WHO | NOTWHO


@pytest.mark.parametrize(
    "string",
    [
        "Server=s;\nAuthentication=ActiveDirectoryMsi",
        "Server=s;\t\v\f\r Authentication=ActiveDirectoryMsi",
        "Server=s;words;Authentication=ActiveDirectoryMsi",
        "APP= {;Authentication=ActiveDirectoryMsi;WSID=}",
        "APP=a{b;Authentication=ActiveDirectoryMsi",
        "APP={a}}b;c};Authentication=ActiveDirectoryMsi",
    ],
)
def test_a_keyword_is_found_wherever_the_driver_finds_it(string):
    assert [value for name, value, _ in pairs(string) if name == "authentication"] == ["ActiveDirectoryMsi"]
    assert "ActiveDirectoryMsi" not in without(string, "authentication")
