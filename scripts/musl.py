"""Signs in by what is built for musl: the tool and the program through which it connects, our library, Driver 18 for Alpine.

    musl.py <directory of the native files> <directory of the libraries>
"""

import glob
import json
import os
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TARGET = os.environ.get("CARGO_TARGET_DIR", os.path.join(ROOT, "target"))
DRIVER = "ODBC Driver 18 Entra for SQL Server"


class Musl:
    def __init__(self, native, libraries, directory, standins):
        (driver,) = glob.glob(f"{libraries}/packages/mssql_python_odbc/libs/linux/alpine/x86_64/lib/libmsodbcsql-18.*.so.*")
        self.native = native
        self.standins = standins
        self.directory = directory
        self.failed = 0
        self.environment = {
            "PATH": "/usr/bin:/bin",
            "HOME": directory,
            "ODBCSYSINI": directory,
            "ODBCINI": os.path.join(directory, "odbc.ini"),
            "LD_LIBRARY_PATH": f"{libraries}/lib:{native}/system",
            "ENTRA_ODBC_DRIVER": driver,
            "ENTRA_ODBC_LOG": "debug",
            "AZURE_AUTHORITY_HOST": standins["authority"],
            "AZURE_POD_IDENTITY_AUTHORITY_HOST": standins["imds"],
            "SSL_CERT_FILE": standins["ca"],
        }
        with open(os.path.join(directory, "odbcinst.ini"), "w") as file:
            file.write(f"[{DRIVER}]\nDriver={native}/libentra_odbc.so\n")

    def tool(self, what, arguments, expected, in_log=(), **variables):
        """Runs the tool, and looks for a text in what it prints and for events in the log."""
        result = subprocess.run(
            [os.path.join(self.native, "entra-odbc"), *arguments],
            env={**self.environment, **variables},
            cwd=self.directory,
            capture_output=True,
            text=True,
            timeout=120,
        )
        lacking = [event for event in in_log if f"event={event}" not in result.stderr]
        good = result.returncode == 0 and expected in result.stdout and not lacking
        self.failed += not good
        print(f"{'ok  ' if good else 'FAIL'} {what}", flush=True)
        if not good:
            print(f"     expected {expected!r} and {in_log}; lacking {lacking}\n{result.stdout}\n{result.stderr}")

    def connect(self, what, keywords, expected, in_log=()):
        string = f"DRIVER={{{DRIVER}}};SERVER={self.standins['server']};{keywords}"
        arguments = ["connect", string, "--query", "SELECT SUSER_SNAME()"]
        self.tool(what, arguments, expected, in_log)


def show(musl):
    standins = musl.standins
    tenant, app, user = standins["tenant_id"], standins["app"], standins["user"]
    machine = f"{standins['system_assigned']['client_id']}@{tenant}"
    shared = ["driver_loaded", "ca_certificates_loaded"]
    musl.connect("managed identity; the import of dlsym is replaced", "Authentication=ActiveDirectoryMsi", machine, shared)
    principal = f"Authentication=ActiveDirectoryServicePrincipal;UID={app['client_id']};TenantId={tenant};PWD={{{app['secret']}}}"
    musl.connect("service principal", principal, f"{app['client_id']}@{tenant}", shared)
    host, port = standins["server"].removeprefix("tcp:").rsplit(",", 1)
    led = f"Authentication=ActiveDirectoryMsi;ConnectTo={host},{port}"
    musl.connect("ConnectTo=; the import of getaddrinfo is replaced", led, machine)
    musl.tool("a token alone", ["token", "Authentication=ActiveDirectoryMsi"], "eyJ")


def main(native, libraries):
    native, libraries = os.path.abspath(native), os.path.abspath(libraries)
    with tempfile.TemporaryDirectory(prefix="entra-odbc-musl-") as directory:
        program = [os.path.join(TARGET, "debug", "standins"), "--directory", directory]
        with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            musl = Musl(native, libraries, directory, json.loads(process.stdout.readline()))
            show(musl)
            process.stdin.close()
    print("musl: all as expected" if not musl.failed else f"musl: {musl.failed} went wrong")
    return musl.failed != 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
