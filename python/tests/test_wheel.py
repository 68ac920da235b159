"""The wheel in a fresh virtual environment, on this system and on one without unixODBC and Kerberos: `make wheel` first."""

import os
import subprocess
import venv
import zipfile
from pathlib import Path

import pytest
from conftest import PRELUDE, ROOT, TIMEOUT

BARE = [Path(__file__).with_name("without_unixodbc.sh")]


@pytest.fixture(scope="module")
def wheel():
    found = sorted((ROOT / "build/wheel").glob("*.whl"))
    assert found, "there is no wheel: run make wheel"
    return found[-1]


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """A virtual environment with nothing but the wheel and what it asks for."""
    directory = tmp_path_factory.mktemp("venv")
    venv.create(directory, with_pip=True)
    install = [directory / "bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    requirements = (ROOT / "tests/requirements.txt").read_text().split()
    pinned = [word for word in requirements if word.startswith(("pyodbc==", "mssql-python-odbc=="))]
    subprocess.run([*install, f"{wheel}[pyodbc]", *pinned], check=True)
    return directory / "bin"


@pytest.fixture
def fresh(machine):
    """A machine on which nothing but the wheel tells where library and driver are."""
    for name in ("PYTHONPATH", "ENTRA_ODBC_LIBRARY", "ENTRA_ODBC_DRIVER"):
        del machine.variables[name]
    (machine.directory / "odbcinst.ini").write_text("")
    return machine


def run(machine, command):
    result = subprocess.run(
        command, env=machine.variables, cwd=machine.directory, capture_output=True, text=True, timeout=TIMEOUT
    )
    assert result.returncode == 0, f"{result.returncode}\n{result.stdout}\n{result.stderr}"
    return result.stdout.strip()


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


def test_a_program_ends_while_its_providers_are_called(fresh, installed):
    """Python ends their threads by pthread_exit, which unwinds the library's frames."""
    program = """
import entra_odbc, threading, time
called = threading.Event()
def provider(scope):
    called.set()
    time.sleep(0.001)
    raise ValueError("none")
entra_odbc.register_provider("mine", provider)
credential = entra_odbc.Credential("Authentication=TokenProvider;TokenProvider=mine")
def again():
    while True:
        try:
            credential.get_token(timeout=1)
        except entra_odbc.Error:
            pass
for _ in range(4):
    threading.Thread(target=again, daemon=True).start()
called.wait(60)
print("end")
"""
    for _ in range(5):
        assert run(fresh, [installed / "python", "-c", PRELUDE + program]) == "end"


def test_the_tool_is_there_and_knows_the_library(fresh, installed):
    assert run(fresh, [*BARE, installed / "entra-odbc", "--version"]).startswith("entra-odbc ")
    # It connects through the wheel's unixODBC and Microsoft's driver from pip, with nothing registered.
    server = f"SERVER={fresh.standins.description['server']}"
    out = run(fresh, [*BARE, installed / "entra-odbc", "connect", server, "Authentication=ActiveDirectoryMsi"])
    assert "Connected" in out
    path = run(fresh, [*BARE, installed / "python", "-m", "entra_odbc"])
    assert path == str(next(installed.parent.glob("lib/python3*/site-packages/entra_odbc/libentra_odbc.so")))


def test_it_runs_on_old_systems_and_every_python(wheel):
    assert wheel.name.split("-")[2:] == ["py3", "none", f"manylinux_2_28_{os.uname().machine}.whl"]
    assert "need glibc 2.28 or older" in (wheel.parent / "needs.txt").read_text()


def test_nothing_of_microsofts_is_in_it(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert not [name for name in names if "msodbcsql" in name]
    for name in ("libentra_odbc.so", "entra-odbc-connect", "py.typed", "system/libodbc.so.2", "system/unixODBC-COPYING"):
        assert f"entra_odbc/{name}" in names
