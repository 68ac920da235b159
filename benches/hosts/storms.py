"""Runs storms of connects, each in a process of its own, and counts the token requests that they make."""

import os
import subprocess
import sys

from figures import control, identity_requests, median, row

STORM = os.path.join(os.path.dirname(os.path.abspath(__file__)), "storm.py")


def storm(who, threads, each):
    identity_requests()
    run = subprocess.run([sys.executable, STORM, who, str(threads), str(each)], stdout=subprocess.PIPE, text=True)
    if run.returncode:
        sys.exit(run.returncode)
    return identity_requests(), float(run.stdout) * 1e3


requests, milliseconds = storm("shim", 1000, 1)
row("1,000 threads' first connects: token requests", "", requests, aim=1)
row("1,000 threads' first connects: time", "ms", milliseconds)
for delay in (0, 20, 100):
    if delay:
        fault = {"service": "managed_identity", "times": "always", "fault": "delayed", "milliseconds": delay}
        control("/fault", fault)
    for name, threads, each in (("one after another", 1, 100), ("at once", 100, 1)):
        # Three times in turn; the most requests of any, the median of the times.
        runs = [(storm("shim", threads, each), storm("bare", threads, each)) for _ in range(3)]
        (of_shim, by_shim), (of_bare, by_bare) = (
            (max(requests), median(times)) for requests, times in (zip(*of_one) for of_one in zip(*runs))
        )
        what = f"100 connects {name}, endpoint takes {delay} ms"
        row(f"{what}: requests", "", of_shim, of_bare, aim=1)
        row(f"{what}: time", "ms", by_shim, by_bare, "ratio")
    control("/faults/clear", {})
