"""Connects on many threads, while the bundle of CA certificates is replaced again and again; prints how memory grows.

    endurance.py <string> <connects> <threads>

`SSL_CERT_FILE` names a bundle of its own.
"""

import os
import sys
import threading

import pyodbc

string, connects, threads = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
pyodbc.pooling = False
bundle = os.environ["SSL_CERT_FILE"]
with open(bundle, encoding="utf-8") as file:
    text = file.read()
lock = threading.Lock()
done, failures, samples = 0, [], []


def resident():
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024


def work():
    global done
    while True:
        with lock:
            done += 1
            mine = done
        if mine > connects:
            return
        try:
            pyodbc.connect(string, timeout=60).close()
        except pyodbc.Error as error:
            failures.append(error)
        if mine % (connects // 10) == 0:
            samples.append((mine, resident()))
        if mine % 2000 == 0:
            # As a distribution's update does it: another file under the same name.
            with open(f"{bundle}.new", "w", encoding="utf-8") as file:
                file.write(text)
            os.rename(f"{bundle}.new", bundle)


running = [threading.Thread(target=work) for _ in range(threads)]
for thread in running:
    thread.start()
for thread in running:
    thread.join()
for count, kilobytes in samples:
    print(f"{count:>8} connects: {kilobytes:>8} kB")
print(f"{len(failures)} failed", *map(str, failures[:1]))
# Until then the caches of OpenSSL, the driver and malloc fill.
grown = samples[-1][1] - samples[len(samples) // 2][1]
sys.exit(bool(failures) or grown > 1024)
