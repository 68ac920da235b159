"""The wheel in a fresh virtual environment, on this system and on one without unixODBC and Kerberos."""

import os
import zipfile

import pytest
from conftest import BARE, PRELUDE, run

SIGN_IN = """
import entra_odbc
connection = entra_odbc.connect(server + MSI)
print(connection.execute(WHO).fetchval())
"""


@pytest.mark.parametrize("system", [[], BARE], ids=["this system", "without unixODBC"])
def test_the_wheel_is_all_that_it_takes(fresh, installed, system):
    assert run(fresh, [*system, installed / "python", "-c", PRELUDE + SIGN_IN]) == fresh.msi


def test_pyodbc_finds_what_was_loaded_before_it(fresh, installed):
    program = """
import entra_odbc
entra_odbc.load_odbc()
import pyodbc
string = f"DRIVER={entra_odbc.driver()};{server}{MSI}"
print(pyodbc.connect(string).execute(WHO).fetchval())
# One manager, and the wheel's.
managers = {line.split()[-1] for line in open("/proc/self/maps") if "libodbc.so" in line}
print(*(os.path.relpath(path, os.path.dirname(entra_odbc.__file__)) for path in managers))
"""
    assert run(fresh, [*BARE, installed / "python", "-c", PRELUDE + program]) == f"{fresh.msi}\nsystem/libodbc.so.2"


def test_the_systems_own_are_preferred(fresh, installed):
    program = """
import entra_odbc
entra_odbc.connect(server + MSI)
print(*(line for line in open("/proc/self/maps") if "entra_odbc/system" in line))
"""
    assert run(fresh, [installed / "python", "-c", PRELUDE + program]) == ""


def test_kerberos_fails_in_words_where_there_is_none(fresh, installed):
    program = """
import entra_odbc
entra_odbc.load_odbc()
import pyodbc
try:
    pyodbc.connect(f"DRIVER={entra_odbc.driver()};{server}Trusted_Connection=yes")
except pyodbc.Error as error:
    print(error)
"""
    words = run(fresh, [*BARE, installed / "python", "-c", PRELUDE + program])
    assert "Kerberos is not installed on this system" in words


def test_without_the_wheels_own_it_says_what_is_missing(fresh, installed):
    program = """
import entra_odbc
from entra_odbc import _system
_system._WHEELS_OWN = "/nowhere"
for call in entra_odbc.load_odbc, lambda: entra_odbc.connect(server + MSI):
    try:
        call()
    except entra_odbc.Error as error:
        print(error)
assert os.path.isfile(entra_odbc.driver())
"""
    first, second = run(fresh, [*BARE, installed / "python", "-c", PRELUDE + program]).split("\n")
    assert first == second
    assert first.startswith("[IM003] missing: libodbc.so.2 (the ODBC driver manager), libodbcinst.so.2")
    assert first.endswith("as root: apt-get install --no-install-recommends unixodbc libgssapi-krb5-2")


def test_it_runs_on_old_systems_and_every_python(wheel):
    assert wheel.name.split("-")[2:] == ["py3", "none", f"manylinux_2_28_{os.uname().machine}.whl"]
    assert "need glibc 2.28 or older" in (wheel.parent / "needs.txt").read_text()


def test_nothing_of_microsofts_is_in_it(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert not [name for name in names if "msodbcsql" in name]
    for name in ("libentra_odbc.so", "entra-odbc-connect", "py.typed", "system/libodbc.so.2", "system/unixODBC-COPYING"):
        assert f"entra_odbc/{name}" in names
