"""Connects while tokens are renewed against an endpoint that takes half a second.

Two identities in turn: one whose tokens live 5 s, so that it is renewed again and again, and one whose token lives
on. What counts are the connects that overlap with a token request of the first.
"""

import os
import subprocess
import sys
import time

import pyodbc

from figures import LIBRARY, MSI, STANDINS, control, percentile, row, string

SECONDS = 25
RELAY = os.path.join(os.path.dirname(os.path.abspath(__file__)), "relay.py")

pyodbc.pooling = False
relay = subprocess.Popen([sys.executable, RELAY, "500"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
os.environ["IDENTITY_ENDPOINT"] = relay.stdout.readline().strip()
lasting = string(LIBRARY, MSI)
renewed = string(LIBRARY, f"{MSI}UID={STANDINS['user_assigned']['client_id']};")

control("/lifetime", {"seconds": 3600})
pyodbc.connect(lasting).close()
control("/lifetime", {"seconds": 5})
pyodbc.connect(renewed).close()
began = time.monotonic()
connects = {lasting: [], renewed: []}
while time.monotonic() < began + SECONDS:
    for text, times in connects.items():
        start = time.monotonic()
        pyodbc.connect(text).close()
        times.append((start, time.monotonic()))
control("/lifetime", {"seconds": 86399})

requests = [tuple(map(float, line.split())) for line in relay.communicate()[0].splitlines()]
requests = [request for request in requests if request[0] > began]


def overlapping(times):
    chosen = [t for t in times if any(t[0] < end and t[1] > start for start, end in requests)]
    return [(end - start) * 1e3 for start, end in chosen]


during, beside = overlapping(connects[renewed]), overlapping(connects[lasting])
row("renewals", "", len(requests))
if during and beside:
    row("connects that overlapped with one", "", len(during), len(beside))
    # A p99 of some hundred connects is that of the six slowest: it varies by a fifth between equals.
    for name, share, aim in (("p50", 0.5, 1.05), ("p99", 0.99, 1.25)):
        row(f"  their time, {name}", "ms", percentile(during, share), percentile(beside, share), "ratio", aim)
    row("  their time, the slowest", "ms", max(during), max(beside), "ratio")
else:
    # Where nothing renews ahead, a connect that finds no living token waits, and none overlaps but that one.
    sys.exit("no connect overlapped with a renewal")
