"""Connects and disconnects with pyodbc: the shim with a cached token, the bare driver with a ready struct, in turn."""

import sys

import pyodbc

from figures import ACCESS_TOKEN, DRIVER, LIBRARY, MSI, identity_requests, interleaved, median, ready_struct, row
from figures import percentile, string, token

PAIRS = int(sys.argv[1]) if len(sys.argv) > 1 else 4000

pyodbc.pooling = False
# Made once: the figure is the best that a host can do by itself.
attributes = {ACCESS_TOKEN: ready_struct(token())}
shim, bare = string(LIBRARY, MSI), string(DRIVER)


def by_shim():
    pyodbc.connect(shim).close()


def by_bare():
    pyodbc.connect(bare, attrs_before=attributes).close()


for _ in range(50):
    by_shim()
    by_bare()
identity_requests()
ours, other = interleaved(PAIRS, by_shim, by_bare)
row("warm connect and disconnect, p50", "ms", median(ours) * 1e3, median(other) * 1e3, "ratio", 1.02)
row("warm connect and disconnect, p10", "ms", percentile(ours, 0.1) * 1e3, percentile(other, 0.1) * 1e3, "ratio", 1.02)
row("  difference of each pair, median", "ms", median(a - b for a, b in zip(ours, other)) * 1e3)
row("  token requests meanwhile", "", identity_requests(), aim=0)
