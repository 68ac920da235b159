"""What the hosts here share: where the stand-ins are, connection strings, rows for the table."""

import json
import os
import statistics
import struct
import time
import urllib.request

LIBRARY = os.environ["BENCH_LIBRARY"]
DRIVER = os.environ["BENCH_DRIVER"]
STANDINS = json.loads(os.environ["BENCH_STANDINS"])
MSI = "Authentication=ActiveDirectoryMsi;"
ACCESS_TOKEN = 1256  # SQL_COPT_SS_ACCESS_TOKEN


def string(library, rest=""):
    return f"DRIVER={library};SERVER={STANDINS['server']};{rest}"


def sql_login():
    login = STANDINS["sql_login"]
    return f"UID={login['user']};PWD={{{login['password'].replace('}', '}}')}}};"


def control(path, body=None):
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(STANDINS["control"] + path, data=data, timeout=30) as answer:
        return json.load(answer)


def identity_requests():
    """How many token requests the machine's own endpoint got since the last time this was asked."""
    requests = control("/requests/clear", {})
    return sum(request["service"] == "managed_identity" for request in requests)


def token():
    """A token of the machine's own identity, as the shim gets it."""
    query = "?api-version=2019-08-01&resource=https://database.windows.net/"
    headers = {"X-IDENTITY-HEADER": STANDINS["identity_header"]}
    request = urllib.request.Request(STANDINS["identity_endpoint"] + query, headers=headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)["access_token"]


def ready_struct(text):
    data = text.encode("utf-16-le")
    return struct.pack(f"<I{len(data)}s", len(data), data)


def timed(call):
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def interleaved(count, ours, other):
    """Calls both in turn, who goes first changing each time; returns the times of each."""
    times = ([], [])
    for turn in range(count):
        order = ((0, ours), (1, other)) if turn % 2 else ((1, other), (0, ours))
        for which, call in order:
            times[which].append(timed(call))
    return times


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def row(figure, unit, ours, other=None, compare="", aim=""):
    numbers = [("-" if value is None else f"{value:.3f}") for value in (ours, other)]
    print(figure, unit, *numbers, compare, aim, sep="\t", flush=True)


median = statistics.median
