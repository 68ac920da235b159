"""What type checkers know of the package: programs of users, checked by mypy as strictly as it can."""

import subprocess
import sys
from pathlib import Path

from conftest import IS_INSTALLED

CONFIGURATION = Path(__file__).parents[1] / "pyproject.toml"


def complaints(directory, program):
    """What mypy --strict says of a program: lines with their errors."""
    path = directory / "program.py"
    path.write_text(program)
    options = ["--strict", "--config-file", CONFIGURATION, "--cache-dir", directory / "cache", "--no-error-summary"]
    command = [sys.executable, "-m", "mypy", *options, path]
    # An installed package is found by its py.typed.
    variables = {} if IS_INSTALLED else {"MYPYPATH": str(CONFIGURATION.parent)}
    checked = subprocess.run(command, cwd=directory, capture_output=True, text=True, env=variables)
    assert checked.returncode in (0, 1), checked.stderr
    return [line.split(":", 1)[1] for line in checked.stdout.splitlines() if ": error:" in line]


def test_programs_of_users_are_typed(tmp_path):
    program = """
import asyncio
from azure.core.credentials import SupportsTokenInfo, TokenCredential
from azure.core.credentials_async import AsyncSupportsTokenInfo, AsyncTokenCredential
from azure.identity import DefaultAzureCredential
import entra_odbc
import entra_odbc.aio
import pyodbc

one: TokenCredential = entra_odbc.Credential("Authentication=ActiveDirectoryMsi")
other: SupportsTokenInfo = entra_odbc.Credential(Authentication="ActiveDirectoryMsi")
token: str = entra_odbc.Credential(DefaultAzureCredential()).get_token().token
waits: AsyncTokenCredential = entra_odbc.aio.Credential("Authentication=ActiveDirectoryMsi")
waits_too: AsyncSupportsTokenInfo = entra_odbc.aio.Credential(entra_odbc.Credential())

async def main() -> str:
    async with entra_odbc.aio.Credential(Authentication="ActiveDirectoryMsi") as credential:
        return (await credential.get_token("https://vault.azure.net/.default")).token

text: str = asyncio.run(main())
connection: pyodbc.Connection = entra_odbc.connect("SERVER=localhost", credential=DefaultAzureCredential())
connection = entra_odbc.connect(server="localhost", Authentication="ActiveDirectoryMsi", Encrypt=True, autocommit=True)
maybe: entra_odbc.Credential | None = None
row: pyodbc.Row | None = entra_odbc.connect("DSN=payroll", credential=maybe, timeout=5).execute("SELECT 1").fetchone()
pyodbc.connect("DSN=payroll", attrs_before=entra_odbc.attrs_before(DefaultAzureCredential()))
entra_odbc.register_provider("one", DefaultAzureCredential())
entra_odbc.register_provider("other", lambda scope: "token")
entra_odbc.on_prompt(lambda prompt: print(prompt.user_code))
"""
    assert complaints(tmp_path, program) == []


def test_mistakes_are_found_before_the_program_runs(tmp_path):
    program = """
import entra_odbc

credential = entra_odbc.Credential()
entra_odbc.connect("SERVER=localhost", credential=credential, uid="ada")
entra_odbc.connect("SERVER=localhost", autocommit="yes")
entra_odbc.connect("SERVER=localhost", credential="Authentication=ActiveDirectoryMsi")
entra_odbc.connect(server=["localhost"])
entra_odbc.aio.Credential().get_token().token
"""
    found = complaints(tmp_path, program)
    assert [line.split(":")[0] for line in found] == ["5", "6", "7", "8", "9"], found
