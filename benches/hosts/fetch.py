"""Fetches a million rows with pyodbc through the shim and through the bare driver, in turn."""

import pyodbc

from figures import DRIVER, LIBRARY, interleaved, median, row, sql_login, string

REPETITIONS = 15
QUERIES = {
    "1,000,000 rows of (int), fetchall": "SELECT n FROM ints(1000000)",
    "1,000,000 rows of (int, nvarchar), fetchall": "SELECT id, name FROM pairs(1000000)",
}

pyodbc.pooling = False
ours, other = (pyodbc.connect(string(library, sql_login())).cursor() for library in (LIBRARY, DRIVER))


def fetch(cursor, query):
    rows = cursor.execute(query).fetchall()
    assert len(rows) == 1_000_000
    del rows


for name, query in QUERIES.items():
    fetch(ours, query)
    fetch(other, query)
    by_shim, by_bare = interleaved(REPETITIONS, lambda: fetch(ours, query), lambda: fetch(other, query))
    row(name, "ms", median(by_shim) * 1e3, median(by_bare) * 1e3, "ratio", 1.01)
