"""unixODBC's pool, which knows connections by their string alone."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def turn_off() -> None:
    """Has pyodbc ask for no pool, in which a token would be handed to the next who connects with an equal string.

    Counts until pyodbc's first connect, in which it makes its environment. unixODBC pools for programs that ask from
    2.3.12 on.
    """
    pyodbc: Any = sys.modules.get("pyodbc")
    if pyodbc is not None:
        pyodbc.pooling = False
