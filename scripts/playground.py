#!/usr/bin/env python3
"""Runs a command among stand-ins for Entra, the managed-identity endpoints and SQL Server, without a cloud.

    scripts/playground.py <command> [<argument>…]

The stand-ins live as long as the command, ini files in a temporary directory. Microsoft's driver and unixODBC are the
real ones. The command finds in its environment

    DATABASE              a connection string of the stand-in server, in which only the sign-in is missing
    DATABASE_HOST, DATABASE_PORT
                          where that server is
    APP_TENANT_ID, APP_CLIENT_ID, APP_CLIENT_SECRET
                          the web application "portal", as its registration in Entra would tell them
    PLAYGROUND            the control endpoint: `GET` tells people, passwords, ids and addresses
    AZURE_AUTHORITY_HOST, AZURE_POD_IDENTITY_AUTHORITY_HOST, SSL_CERT_FILE, REQUESTS_CA_BUNDLE,
    ODBCSYSINI, ODBCINI, ENTRA_ODBC_DRIVER, ENTRA_ODBC_LIBRARY
                          what leads everything to the stand-ins in place of the cloud
"""

import glob
import json
import os
import platform
import signal
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TARGET = os.environ.get("CARGO_TARGET_DIR", os.path.join(ROOT, "target"))
DRIVER = "ODBC Driver 18 Entra for SQL Server"
STOCK = "ODBC Driver 18 for SQL Server"


def one_of(what, remedy, candidates):
    """The first of the candidates that is a file."""
    for path in candidates:
        if path and os.path.isfile(path):
            return path
    sys.exit(f"playground: {what} is missing. {remedy}")


def built(name):
    """What cargo has built by this name, in whichever profile; the newest first."""
    found = [os.path.join(TARGET, profile, name) for profile in ("demo", "release", "debug")]
    return sorted(filter(os.path.isfile, found), key=os.path.getmtime, reverse=True)


def library():
    named = os.environ.get("ENTRA_ODBC_TEST_LIBRARY")
    return one_of("the library", "Build it: make examples", [named] if named else built("libentra_odbc.so"))


def real_driver():
    arch = {"aarch64": "arm64"}.get(platform.machine(), platform.machine())
    package = "lib/python3*/site-packages/mssql_python_odbc/libs/linux/debian_ubuntu"
    found = [
        path
        for environment in (".venv", ".venv-examples")
        for path in glob.glob(os.path.join(ROOT, environment, package, arch, "lib", "libmsodbcsql-18.*.so.*"))
    ]
    return one_of("Microsoft's driver", "Install it: make setup", [os.environ.get("ENTRA_ODBC_TEST_DRIVER"), *found])


def environment(directory, standins):
    """What leads a program to the stand-ins; variables that lead elsewhere are left out."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AZURE_", "MSI_", "IDENTITY_"))}
    host, port = standins["server"].split(",")
    return kept | {
        "DATABASE": f"DRIVER={{{DRIVER}}};SERVER={standins['server']};DATABASE=master;",
        "DATABASE_HOST": host,
        "DATABASE_PORT": port,
        "APP_TENANT_ID": standins["tenant_id"],
        "APP_CLIENT_ID": standins["portal"]["client_id"],
        "APP_CLIENT_SECRET": standins["portal"]["secret"],
        "PLAYGROUND": standins["control"],
        "AZURE_AUTHORITY_HOST": standins["authority"],
        "AZURE_POD_IDENTITY_AUTHORITY_HOST": standins["imds"],
        "SSL_CERT_FILE": standins["ca"],
        "REQUESTS_CA_BUNDLE": standins["ca"],
        "ODBCSYSINI": directory,
        "ODBCINI": os.path.join(directory, "odbc.ini"),
        "ENTRA_ODBC_DRIVER": real_driver(),
        "ENTRA_ODBC_LIBRARY": library(),
    }


def write(directory, name, content):
    with open(os.path.join(directory, name), "w", encoding="utf-8") as file:
        file.write(content)


def main(command):
    if not command:
        sys.exit(__doc__.strip())
    program = one_of("the stand-ins' program", "Build it: make examples", built("standins"))
    with tempfile.TemporaryDirectory(prefix="entra-odbc-playground-") as directory:
        write(directory, "odbcinst.ini", f"[{DRIVER}]\nDriver={library()}\n\n[{STOCK}]\nDriver={real_driver()}\n")
        write(directory, "odbc.ini", "")
        arguments = [program, "--directory", directory]
        # In a session of their own, so that Ctrl-C ends the command first.
        with subprocess.Popen(
            arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
        ) as process:
            standins = json.loads(process.stdout.readline())
            try:
                return run(command, environment(directory, standins))
            finally:
                process.stdin.close()


def run(command, variables):
    with subprocess.Popen(command, env=variables) as child:
        # Whoever ends this program means the command.
        signal.signal(signal.SIGTERM, lambda *_: child.terminate())
        while True:
            try:
                status = child.wait()
                return status if status >= 0 else 128 - status
            except KeyboardInterrupt:
                pass  # The terminal has told the command as well.


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
