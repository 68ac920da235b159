"""The tool: `python -m entra_odbc` and the script `entra-odbc`, with the commands that `entra-odbc help` lists."""

from __future__ import annotations

import os
import signal
import sys

from ._error import one_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn


def tool() -> NoReturn:
    """Becomes the tool, which lies beside the library: arguments, terminal, signals and exit status are its own."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "entra-odbc")
    if not os.path.isfile(path):
        sys.exit(f"entra-odbc: the tool {one_line(path)} does not exist. Install entra-odbc from a wheel for this platform.")
    # Python ignores these from its start on, and a program inherits what is ignored.
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)
    os.execv(path, ["entra-odbc", *sys.argv[1:]])


if __name__ == "__main__":
    tool()
