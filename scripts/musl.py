"""Signs in by what is built for musl: the tool and the program through which it connects, our library, Driver 18 for Alpine.

    musl.py <directory of the native files> <directory of the libraries>
"""

import glob
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TARGET = os.environ.get("CARGO_TARGET_DIR", os.path.join(ROOT, "target"))
DRIVER = "ODBC Driver 18 Entra for SQL Server"


class Musl:
    def __init__(self, tools, native, libraries, directory, standins):
        packages = f"{libraries}/packages"
        (driver,) = glob.glob(f"{packages}/mssql_python_odbc/libs/linux/alpine/x86_64/lib/libmsodbcsql-18.*.so.*")
        self.tools = tools
        self.standins = standins
        self.directory = directory
        self.failed = 0
        self.environment = {
            "PATH": "/usr/bin:/bin",
            "HOME": directory,
            "ODBCSYSINI": directory,
            "ODBCINI": os.path.join(directory, "odbc.ini"),
            # The libraries of wheels ask for each other by names with a hash in them.
            "LD_LIBRARY_PATH": ":".join(
                [f"{libraries}/lib", f"{packages}/greenlet.libs", f"{packages}/psycopg2_binary.libs", f"{native}/system"]
            ),
            "ENTRA_ODBC_DRIVER": driver,
            "ENTRA_ODBC_LOG": "debug",
            "AZURE_AUTHORITY_HOST": standins["authority"],
            "AZURE_POD_IDENTITY_AUTHORITY_HOST": standins["imds"],
            "SSL_CERT_FILE": standins["ca"],
            "ENTRA_ODBC_TRUSTED_SERVERS": "db.corp.example",
        }
        with open(os.path.join(directory, "odbcinst.ini"), "w") as file:
            file.write(f"[{DRIVER}]\nDriver={native}/libentra_odbc.so\n")

    def tool(self, what, arguments, expected, in_log=(), succeeds=True):
        """Runs the tool, and looks for a text in what it prints and for events in the log."""
        result = subprocess.run(
            [os.path.join(self.tools, "entra-odbc"), *arguments],
            env=self.environment,
            cwd=self.directory,
            capture_output=True,
            text=True,
            timeout=120,
        )
        lacking = [event for event in in_log if f"event={event}" not in result.stderr]
        output = result.stdout if succeeds else result.stderr
        good = (result.returncode == 0) == succeeds and expected in output and not lacking
        self.failed += not good
        print(f"{'ok  ' if good else 'FAIL'} {what}", flush=True)
        if not good:
            print(f"     expected {expected!r} and {in_log}; lacking {lacking}\n{result.stdout}\n{result.stderr}")

    def string(self, keywords, server=None):
        return f"DRIVER={{{DRIVER}}};SERVER={server or self.standins['server']};{keywords}"

    def connect(self, what, keywords, expected):
        self.tool(what, ["connect", self.string(keywords), "--query", "SELECT SUSER_SNAME()"], expected)

    def wait_for_age_of_bundle(self):
        """Certificates of a bundle that was written just now are not shared."""
        changed = os.stat(self.standins["ca"]).st_ctime
        while (age := time.time() - changed) < 0.2:
            time.sleep(0.2 - age)


def quoted(value):
    return "{" + value.replace("}", "}}") + "}"


def show(musl):
    standins = musl.standins
    tenant, app = standins["tenant_id"], standins["app"]
    machine = f"{standins['system_assigned']['client_id']}@{tenant}"
    msi = "Authentication=ActiveDirectoryMsi"
    musl.connect("managed identity", msi, machine)
    principal = f"UID={app['client_id']};TenantId={tenant};PWD={quoted(app['secret'])}"
    musl.connect(
        "service principal", f"Authentication=ActiveDirectoryServicePrincipal;{principal}", f"{app['client_id']}@{tenant}"
    )
    musl.wait_for_age_of_bundle()
    musl.tool(
        "CA certificates are shared: the driver's import of dlsym is replaced",
        ["connect", musl.string(msi), "--repeat", "3"],
        "Connected",
        ["ca_certificates_loaded", "ca_certificates_shared"],
    )
    port = standins["server"].rsplit(",", 1)[1].split(";")[0]
    musl.tool(
        "ConnectTo= leads to the stand-in, which has no certificate for the name: the import of getaddrinfo is replaced",
        ["connect", musl.string(f"{msi};ConnectTo=127.0.0.1,{port}", "db.corp.example")],
        "certificate verify failed",
        succeeds=False,
    )
    musl.tool("a token alone", ["token", "Authentication=ActiveDirectoryMsi"], "eyJ")


def with_loader(native, libraries, tools):
    """The tool, and the program through which it connects, which starts by the loader of that musl."""
    os.makedirs(tools, exist_ok=True)
    shutil.copy(os.path.join(native, "entra-odbc"), tools)
    program = os.path.join(tools, "entra-odbc-connect")
    with open(program, "w") as file:
        loader = f"{libraries}/root/usr/lib/x86_64-linux-musl/libc.so"
        file.write(f'#!/bin/sh\nexec "{loader}" "{native}/entra-odbc-connect" "$@"\n')
    os.chmod(program, 0o755)


def main(native, libraries):
    native, libraries = os.path.abspath(native), os.path.abspath(libraries)
    tools = os.path.join(libraries, "bin")
    with_loader(native, libraries, tools)
    with tempfile.TemporaryDirectory(prefix="entra-odbc-musl-") as directory:
        program = [os.path.join(TARGET, "debug", "standins"), "--directory", directory]
        with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            musl = Musl(tools, native, libraries, directory, json.loads(process.stdout.readline()))
            show(musl)
            process.stdin.close()
    print("musl: all as expected" if not musl.failed else f"musl: {musl.failed} went wrong")
    return musl.failed != 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
