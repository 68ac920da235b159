"""The wheel in a fresh virtual environment, on this system and on one without unixODBC and Kerberos."""

import os
import shutil
import subprocess
import zipfile

import pytest
from conftest import BARE, PRELUDE, PYTHON, ROOT, run

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


def test_it_runs_on_old_systems_and_every_python(wheel):
    platform = f"manylinux_2_28_{os.uname().machine}"
    assert wheel.name.split("-")[2:] == ["py3", "none", f"{platform}.whl"]
    assert "need glibc 2.28 or older" in (wheel.parent / f"needs-{platform}.txt").read_text()


def test_the_same_files_make_the_same_wheel_byte_for_byte(wheel, tmp_path):
    native = ROOT / f"build/native/{os.uname().machine}-unknown-linux-gnu"
    # Other times, another order in the directory, and a user whose files are closed to others.
    copied = shutil.copytree(native, tmp_path / "native", copy_function=shutil.copyfile)
    for path in sorted(copied.rglob("*"), reverse=True):
        original = native / path.relative_to(copied)
        if path.is_file() and original.stat().st_mode & 0o100:
            path.chmod(0o700)
    variables = {
        "PATH": os.environ["PATH"],
        "ENTRA_ODBC_NATIVE": str(copied),
        "ENTRA_ODBC_PLATFORM": wheel.stem.split("-")[-1],
    }
    command = [ROOT / ".venv-wheel/bin/python", "-m", "build", "--wheel", "--no-isolation", "--outdir", tmp_path, PYTHON]
    subprocess.run(command, env=variables, check=True, capture_output=True, umask=0o077)
    assert (tmp_path / wheel.name).read_bytes() == wheel.read_bytes()


def test_nothing_of_microsofts_is_in_it(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert not [name for name in names if "msodbcsql" in name]
    for name in ("libentra_odbc.so", "entra-odbc-connect", "py.typed", "system/libodbc.so.2", "system/unixODBC-COPYING"):
        assert f"entra_odbc/{name}" in names
