"""The code of docs/data-frames.md, for tests to run as it stands there."""

import re
import tempfile
import textwrap
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[3] / "docs/data-frames.md").read_text()
BLOCK = re.compile(r"^( *)```python\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
SERVER, DATABASE = "contoso.database.windows.net", "DATABASE=sales"

ROWS = 1000
TABLES = f"""
import entra_odbc
with entra_odbc.connect(server + MSI) as connection:
    for table in "orders", "orders_copy", "notes_copy":
        connection.execute(f"DROP TABLE IF EXISTS dbo.{{table}}")
    for columns in "orders (id int NOT NULL, name nvarchar(50) NULL, note nvarchar(max) NULL, lot int NULL)", \\
            "orders_copy (id int NOT NULL, name nvarchar(50) NULL)", "notes_copy (id int NOT NULL, note nvarchar(max) NULL)":
        connection.execute("CREATE TABLE dbo." + columns)
    connection.execute("INSERT INTO dbo.orders (id, name, lot) SELECT id, name, id FROM standin.pairs({ROWS})")
    connection.execute("UPDATE dbo.orders SET note = N'{"x" * 5000}', lot = NULL WHERE id = 7")
    connection.commit()
"""


class Page:
    """The page's blocks of Python, by the heading that they are below and their number there."""

    def __init__(self, server):
        self.server = server
        self.sections = {}
        for section in PAGE.split("\n## ")[1:]:
            heading, text = section.split("\n", 1)
            self.sections[heading] = [self._here(textwrap.dedent(block[2])) for block in BLOCK.finditer(text)]

    def _here(self, code):
        return code.replace(SERVER, self.server).replace(DATABASE, "DATABASE=master")

    def program(self, heading, number, *more):
        """One block, after the string that all begin with, and before what prints its results."""
        (string,) = self.sections["The string"]
        return "\n".join((string, self.sections[heading][number], *more))


@pytest.fixture(scope="session")
def page(standins):
    return Page(standins.description["server"])


@pytest.fixture
def tables(machine):
    """The machine, with tables filled, and nothing left of the requests that it took."""
    machine.python(TABLES)
    machine.standins.forget()
    # Names of sockets below Ray's directory are long, and those of directories of tests are too long for them.
    with tempfile.TemporaryDirectory(prefix="ray") as short:
        machine.variables |= {"XDG_RUNTIME_DIR": str(machine.directory), "RAY_TMPDIR": short}
        yield machine
