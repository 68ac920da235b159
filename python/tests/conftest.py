"""A machine of its own for each test: stand-ins for Entra and SQL Server, Microsoft's real driver, unixODBC, pyodbc.

Programs under test run as processes with exactly the environment that is set here, as the library reads it once.
"""

import glob
import importlib.util
import json
import os
import platform
import shlex
import subprocess
import sys
import textwrap
import urllib.parse
import urllib.request
import venv
from importlib import metadata
from pathlib import Path

import entra_odbc
import pytest
from packaging.tags import sys_tags
from packaging.utils import parse_wheel_filename

PYTHON = Path(__file__).parents[1]
ROOT = PYTHON.parent
# The package under test: the sources, or a wheel that is installed here (scripts/test-wheel.sh).
PACKAGE = Path(entra_odbc.__file__).parent
IS_INSTALLED = PACKAGE.parent != PYTHON
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
TIMEOUT = 120

# Before a command: this system as it would be without unixODBC and Kerberos.
BARE = [Path(__file__).with_name("without_unixodbc.sh")]

# `make test-spark` and `make test-data-frames` run these, in environments that have what they need.
NEEDED = {"spark": "pyspark", "data_frames": "polars"}
collect_ignore = [directory for directory, module in NEEDED.items() if importlib.util.find_spec(module) is None]

# What every program begins with.
PRELUDE = """
import json, os, sys
standins = json.loads(os.environ["STANDINS"])
server = f"SERVER={standins['server']};"
app = standins["app"]
MSI = "Authentication=ActiveDirectoryMsi;"
STOCK = f"DRIVER={os.environ.get('ENTRA_ODBC_DRIVER')};{server}"
PRINCIPAL = dict(Authentication="ActiveDirectoryServicePrincipal", UID=app["client_id"], PWD=app["secret"],
                 TenantId=standins["tenant_id"])
WHO = "SELECT SUSER_SNAME()"
def azure():
    from azure.identity import ClientSecretCredential
    return ClientSecretCredential(standins["tenant_id"], app["client_id"], app["secret"],
                                  authority=standins["authority"], disable_instance_discovery=True)
"""


def real_driver():
    named = os.environ.get("ENTRA_ODBC_TEST_DRIVER")
    if named:
        return named
    architecture = {"aarch64": "arm64"}.get(platform.machine(), platform.machine())
    package = ROOT / ".venv/lib/python3*/site-packages/mssql_python_odbc/libs/linux/debian_ubuntu"
    (path,) = glob.glob(str(package / architecture / "lib/libmsodbcsql-18.*.so.*"))
    return path


def library():
    if IS_INSTALLED:
        return str(PACKAGE / "libentra_odbc.so")
    native = ROOT / f"build/native/{platform.machine()}-unknown-linux-gnu/libentra_odbc.so"
    return os.environ.get("ENTRA_ODBC_TEST_LIBRARY", str(native))


class Standins:
    """The stand-ins, by their control endpoint."""

    def __init__(self, description):
        self.description = description

    def control(self, path, /, **body):
        data = None if path in ("/requests", "/logins", "/statements") else json.dumps(body).encode()
        with urllib.request.urlopen(self.description["control"] + path, data=data, timeout=TIMEOUT) as answer:
            return json.load(answer)

    def forget(self):
        for path in ("/faults/clear", "/release", "/requests/clear", "/logins/clear"):
            self.control(path)
        self.control("/lifetime", seconds=3600)

    def requests(self, path="token"):
        return [request for request in self.control("/requests") if path in request["path"]]

    def logins(self):
        return self.control("/logins")


class Machine:
    """Ini files in a directory of its own, and the environment of programs."""

    def __init__(self, directory, standins):
        self.directory = directory
        self.standins = standins
        about = standins.description
        (directory / "odbcinst.ini").write_text(f"[ODBC Driver 18 Entra for SQL Server]\nDriver={library()}\n")
        self.variables = {
            "PATH": os.environ["PATH"],
            "HOME": str(directory),
            "LC_ALL": "C.UTF-8",
            "ODBCSYSINI": str(directory),
            "ODBCINI": str(directory / "odbc.ini"),
            "PYTHONDONTWRITEBYTECODE": "1",
            "ENTRA_ODBC_DRIVER": real_driver(),
            "AZURE_AUTHORITY_HOST": about["authority"],
            "IDENTITY_ENDPOINT": about["identity_endpoint"],
            "IDENTITY_HEADER": about["identity_header"],
            "SSL_CERT_FILE": about["ca"],
            "REQUESTS_CA_BUNDLE": about["ca"],
            "STANDINS": json.dumps(about),
        }
        if not IS_INSTALLED:
            self.variables |= {"PYTHONPATH": str(PYTHON), "ENTRA_ODBC_LIBRARY": library()}

    def start(self, program, *arguments, **options):
        command = [sys.executable, "-c", PRELUDE + textwrap.dedent(program), *arguments]
        options = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
        return subprocess.Popen(command, env=self.variables, cwd=self.directory, text=True, **options)

    def run(self, program, *arguments, ends=0):
        """What a program prints, to standard output and standard error, that ends with this code."""
        with self.start(program, *arguments) as process:
            try:
                out, err = process.communicate(timeout=TIMEOUT)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
        assert process.returncode == ends, f"ended with {process.returncode}\n{out}\n{err}"
        return out.strip(), err.strip()

    def python(self, program, *arguments):
        """What a program prints that must succeed."""
        return self.run(program, *arguments)[0]

    @property
    def msi(self):
        """Who the server says that the machine's own identity is."""
        about = self.standins.description
        return f"{about['system_assigned']['client_id']}@{about['tenant_id']}"

    @property
    def app(self):
        """Who the server says that the application is."""
        about = self.standins.description
        return f"{about['app']['client_id']}@{about['tenant_id']}"


@pytest.fixture(scope="session")
def standins(tmp_path_factory):
    built = filter(Path.exists, (TARGET / "demo/standins", TARGET / "debug/standins"))
    program = max(built, key=lambda path: path.stat().st_mtime)
    # Where and under which names they listen, in networks that have more than one machine.
    options = shlex.split(os.environ.get("ENTRA_ODBC_TEST_STANDINS", ""))
    command = [program, "--directory", str(tmp_path_factory.mktemp("standins")), *options]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield Standins(json.loads(process.stdout.readline()))
        process.stdin.close()


@pytest.fixture(scope="session")
def new_machine(standins):
    def make(directory):
        standins.forget()
        return Machine(directory, standins)

    return make


@pytest.fixture
def machine(tmp_path, new_machine):
    return new_machine(tmp_path)


@pytest.fixture(scope="session")
def wheel():
    tags = set(sys_tags())
    built = (ROOT / "build/wheel").glob("*.whl")
    found = [path for path in built if parse_wheel_filename(path.name)[3] & tags]
    assert found, "there is no wheel for this platform: run make wheel"
    return found[0]


@pytest.fixture(scope="session")
def installed(wheel, tmp_path_factory):
    """A virtual environment with nothing but the wheel and what it asks for."""
    directory = tmp_path_factory.mktemp("venv")
    venv.create(directory, with_pip=True)
    install = [directory / "bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    versions = [f"{name}=={metadata.version(name)}" for name in ("pyodbc", "mssql-python-odbc")]
    subprocess.run([*install, f"{wheel}[driver,pyodbc]", *versions], check=True)
    return directory / "bin"


@pytest.fixture
def fresh(machine):
    """A machine on which nothing but the wheel tells where library and driver are."""
    for name in ("PYTHONPATH", "ENTRA_ODBC_LIBRARY", "ENTRA_ODBC_DRIVER"):
        machine.variables.pop(name, None)
    (machine.directory / "odbcinst.ini").write_text("")
    return machine


def run(machine, command):
    """What a command prints that must succeed."""
    result = subprocess.run(
        command, env=machine.variables, cwd=machine.directory, capture_output=True, text=True, timeout=TIMEOUT
    )
    assert result.returncode == 0, f"{result.returncode}\n{result.stdout}\n{result.stderr}"
    return result.stdout.strip()
