"""Many connects at once or one after another, the first ones of this process; prints seconds.

    storm.py <shim|bare> <threads> <connects per thread>
"""

import sys
import threading
import time

import pyodbc

from figures import DRIVER, LIBRARY, MSI, string

library = {"shim": LIBRARY, "bare": DRIVER}[sys.argv[1]]
threads, each = int(sys.argv[2]), int(sys.argv[3])
text = string(library, MSI)
pyodbc.pooling = False
threading.stack_size(256 * 1024)
gate = threading.Barrier(threads + 1)
failures = []


def connects():
    gate.wait()
    for _ in range(each):
        try:
            pyodbc.connect(text, timeout=60).close()
        except pyodbc.Error as error:
            failures.append(error)


running = [threading.Thread(target=connects) for _ in range(threads)]
for thread in running:
    thread.start()
gate.wait()
start = time.perf_counter()
for thread in running:
    thread.join()
took = time.perf_counter() - start
if failures:
    sys.exit(f"{len(failures)} of {threads * each} connects failed: {failures[0]}")
print(took)
