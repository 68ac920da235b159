"""The Python package against azure-identity: importing it, a cached token, and the struct for pyodbc."""

import os
import struct
import subprocess
import sys
import time

from figures import LIBRARY, STANDINS, interleaved, median, row

PROCESSES = 21
ROUNDS = 41
CALLS = 2_000
SCOPE = "https://database.windows.net/.default"
PACKAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../python")
APP = STANDINS["app"]
KEYWORDS = {
    "Authentication": "ActiveDirectoryServicePrincipal",
    "UID": APP["client_id"],
    "PWD": APP["secret"],
    "TenantId": STANDINS["tenant_id"],
}

os.environ["ENTRA_ODBC_LIBRARY"] = LIBRARY
os.environ["PYTHONPATH"] = PACKAGE
os.environ["REQUESTS_CA_BUNDLE"] = STANDINS["ca"]
sys.path.insert(0, PACKAGE)


def imported(statement):
    """Milliseconds that a statement takes in a new process."""
    program = f"import time; start = time.perf_counter(); {statement}; print(time.perf_counter() - start)"
    out = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    return float(out) * 1e3


def imports():
    """Each of them in turn; the first round warms the page cache and compiles the modules."""
    statements = (
        "import entra_odbc",
        f"import entra_odbc; entra_odbc.Credential(**{KEYWORDS!r}); entra_odbc.attrs_before",
        "from azure.identity import ClientSecretCredential",
        "import ctypes",
    )
    rounds = [[imported(statement) for statement in statements] for _ in range(PROCESSES + 1)]
    return map(median, zip(*rounds[1:]))


def best(ours, other):
    """Microseconds of one call each, in the best round."""

    def many(call):
        def calls():
            for _ in range(CALLS):
                call()

        return calls

    return [min(times) / CALLS * 1e6 for times in interleaved(ROUNDS, many(ours), many(other))]


package, used, azure, ctypes = imports()
row("import", "ms", package, azure, "ratio")
row("import, library loaded, credential made", "ms", used, aim=15)
row("  of which: ctypes", "ms", ctypes)

import entra_odbc  # noqa: E402
from azure.identity import ClientSecretCredential  # noqa: E402

credential = entra_odbc.Credential(**KEYWORDS)
theirs = ClientSecretCredential(
    STANDINS["tenant_id"], APP["client_id"], APP["secret"], authority=STANDINS["authority"], disable_instance_discovery=True
)


def packed():
    token = theirs.get_token(SCOPE).token.encode("utf-16-le")
    return {1256: struct.pack(f"<I{len(token)}s", len(token), token)}


assert time.time() < credential.get_token().expires_on - 600
ours, other = best(lambda: entra_odbc.attrs_before(credential), packed)
row("attrs_before() with a cached token", "µs", ours, aim=5)
row("  against get_token() and struct.pack", "µs", ours, other, "ratio")
ours, other = best(lambda: credential.get_token(SCOPE), lambda: theirs.get_token(SCOPE))
row("get_token() with a cached token", "µs", ours, other, "ratio")
