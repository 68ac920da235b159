"""Fetches a million rows with pyodbc through the shim and through the bare driver, in turn."""

import time

import pyodbc

from figures import DRIVER, LIBRARY, interleaved, median, row, sql_login, string

REPETITIONS = 15
QUERIES = {
    "1,000,000 rows of (int), fetchall": "SELECT n FROM ints(1000000)",
    "1,000,000 rows of (int, nvarchar), fetchall": "SELECT id, name FROM pairs(1000000)",
}

pyodbc.pooling = False
ours, other = (pyodbc.connect(string(library, sql_login())).cursor() for library in (LIBRARY, DRIVER))


processor = {ours: [], other: []}


def fetch(cursor, query):
    start = time.thread_time()
    rows = cursor.execute(query).fetchall()
    processor[cursor].append(time.thread_time() - start)
    assert len(rows) == 1_000_000
    del rows


for name, query in QUERIES.items():
    fetch(ours, query)
    fetch(other, query)
    for times in processor.values():
        times.clear()
    by_shim, by_bare = interleaved(REPETITIONS, lambda: fetch(ours, query), lambda: fetch(other, query))
    row(name, "ms", median(by_shim) * 1e3, median(by_bare) * 1e3, "ratio", 1.01)
    row("  processor time of the host's thread", "ms", *(median(times) * 1e3 for times in processor.values()), "ratio", 1.01)
