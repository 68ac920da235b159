#!/bin/sh
# Signs in to the playground's SQL Server in several ways, and prints whom the server saw.
#
#   play.sh
set -eu

driver="ODBC Driver 18 Entra for SQL Server"
question="SELECT SUSER_SNAME()"
# Known to everybody: the stand-in Entra's tenant, application and secret.
tenant=5f2c1f4e-8a0b-4a8e-9d57-3c1d2e6b7a90
application=3a7d9c52-1be4-4f0d-8c6b-92f1a0e4d7c8
secret='{pay8Q~roll;{secret}}=1}'
server="Server=localhost,14330;TrustServerCertificate=yes"

# isql ends with 0 where a statement fails.
ask_isql() {
    status=0
    answer=$(echo "$question" | isql -b -v "$@" 2>&1) || status=$?
    echo "$answer"
    case $answer in
        *"[ISQL]ERROR"*) return 1 ;;
    esac
    return "$status"
}

echo "isql, data source, managed identity:"
ask_isql playground
echo "isql, connection string, service principal:"
ask_isql -k "Driver={$driver};$server;Authentication=ActiveDirectoryServicePrincipal;UID=$application;PWD=$secret;TenantId=$tenant"
echo "pyodbc, connection string, managed identity:"
python3 - "Driver={$driver};$server;Authentication=ActiveDirectoryMsi" "$question" <<'END'
import sys

import pyodbc

connection = pyodbc.connect(sys.argv[1])
print(connection.execute(sys.argv[2]).fetchone()[0])
END
echo "pyodbc at a terminal, connection string, device code:"
python3 - "Driver={$driver};$server;Authentication=ActiveDirectoryDeviceCode" "$question" \
    "$(dirname "$0")/enter-code.sh" <<'END'
import os
import pty
import re
import subprocess
import sys
import threading

import pyodbc

# The code is shown where someone sees it: on a terminal.
terminal, shown = pty.openpty()
os.dup2(shown, 2)


def enter_code():
    text = ""
    while not (code := re.search("code ([A-Z0-9]{9}) to", text)):
        text += os.read(terminal, 4096).decode()
    subprocess.run(["sh", sys.argv[3], code[1]], check=True)


threading.Thread(target=enter_code, daemon=True).start()
try:
    print(pyodbc.connect(sys.argv[1]).execute(sys.argv[2]).fetchone()[0])
except pyodbc.Error as error:
    print(error)
    sys.exit(1)
END
