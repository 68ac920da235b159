"""Connects with a bundle of CA certificates as distributions have it: ours and Driver 18, each in processes of its own.

    ca_bundle.py                                measures, and prints rows
    ca_bundle.py connects <shim|bare|bare_msi> <count> <direct|redirected>
                                                one process: milliseconds of wall and processor time of each connect
    ca_bundle.py storm <shim|bare> <threads> <count>
                                                one process: the same for all of its connects together
"""

import subprocess
import sys
import threading
import time

import pyodbc

from figures import ACCESS_TOKEN, DRIVER, LIBRARY, MSI, STANDINS, control, median, ready_struct, row, string, token

PROCESSES, CONNECTS, STORMS = 11, 12, 5
pyodbc.pooling = False


def connector(who):
    """Our driver with its cached token, Driver 18 with a struct that is ready, or Driver 18 by its own sign-in."""
    if who in ("shim", "bare_msi"):
        text = string(LIBRARY if who == "shim" else DRIVER, MSI)
        return lambda: pyodbc.connect(text, timeout=60).close()
    text, attributes = string(DRIVER), {ACCESS_TOKEN: ready_struct(token())}
    return lambda: pyodbc.connect(text, attrs_before=attributes, timeout=60).close()


def measured(call):
    wall, processor = time.perf_counter(), time.process_time()
    call()
    return (time.perf_counter() - wall) * 1e3, (time.process_time() - processor) * 1e3


def connects(who, count, way):
    connect = connector(who)
    host, port = STANDINS["server"].split(",")
    for _ in range(int(count)):
        if way == "redirected":
            route = {"route_login": {"host": host, "port": int(port)}}
            control("/fault", {"service": "sql_server", "fault": route})
        print(*measured(connect))


def storm(who, threads, count):
    connect = connector(who)
    each = int(count) // int(threads)
    running = [threading.Thread(target=lambda: [connect() for _ in range(each)]) for _ in range(int(threads))]

    def run():
        for thread in running:
            thread.start()
        for thread in running:
            thread.join()

    print(*measured(run))


def process(*arguments):
    command = [sys.executable, __file__, *map(str, arguments)]
    lines = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()
    return [tuple(map(float, line.split())) for line in lines]


def pairs(count, mode, *rest, other="bare"):
    """Processes of both in turn: for each, the lines of all its processes."""
    runs = {"shim": [], other: []}
    for turn in range(count):
        for who in ("shim", other) if turn % 2 else (other, "shim"):
            runs[who].append(process(mode, who, *rest))
    return runs["shim"], runs[other]


def rows(figure, ours, other, aim):
    for column, what in enumerate(("wall time", "processor time")):
        numbers = [median(line[column] for line in lines) for lines in (ours, other)]
        row(f"{figure}: {what}", "ms", *numbers, "ratio", aim)


def main():
    ours, other = pairs(PROCESSES, "connects", CONNECTS, "direct")
    rows("warm connect", *([line for run in runs for line in run[2:]] for runs in (ours, other)), 0.15)
    firsts = pairs(PROCESSES, "connects", 1, "direct", other="bare_msi")
    rows("first connect of a process, both by ActiveDirectoryMsi", *([run[0] for run in runs] for runs in firsts), 1.0)
    ours, other = pairs(PROCESSES, "connects", CONNECTS, "redirected")
    rows("warm connect that is redirected", *([line for run in runs for line in run[2:]] for runs in (ours, other)), 0.12)
    ours, other = pairs(STORMS, "storm", 8, 200)
    rows("200 connects on 8 threads", *([run[0] for run in runs] for runs in (ours, other)), 0.15)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        {"connects": connects, "storm": storm}[sys.argv[1]](*sys.argv[2:])
    else:
        main()
