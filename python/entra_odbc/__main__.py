"""`python -m entra_odbc`: prints the driver's path, and what the system lacks. `entra-odbc`: the tool in the wheel."""

from __future__ import annotations

import os
import sys

from . import Error, advice, driver
from ._error import one_line


def main() -> int:
    try:
        print(driver())
    except Error as error:
        print(error, file=sys.stderr)
        return 1
    lacking = advice()
    if lacking:
        print(lacking, file=sys.stderr)
    return 1 if lacking else 0


def tool() -> None:
    """Becomes the tool, which lies beside the library."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "entra-odbc")
    if not os.path.isfile(path):
        sys.exit(f"entra-odbc: the tool {one_line(path)} does not exist. Install entra-odbc from a wheel for this platform.")
    os.execv(path, ["entra-odbc", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
