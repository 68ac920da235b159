"""What pyodbc and Driver 18 need of the system: loading it, and the command that installs what is missing."""

from __future__ import annotations

import ctypes
import os

from ._error import Error
from ._needs import COMMANDS, NEEDED, family

_WHEELS_OWN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "system")


def load_odbc() -> None:
    """Loads what pyodbc and Driver 18 need: the system's unixODBC and Kerberos, or, where it has none, the wheel's.

    `connect` and `driver` do so by themselves. Call it before `import pyodbc` on a system without unixODBC.
    Raises Error (IM003), with the one command that installs what is missing.

    >>> entra_odbc.load_odbc()
    >>> import pyodbc
    """
    lacking = advice()
    if lacking:
        raise Error("IM003", 0, lacking)


def missing() -> list[str]:
    """The shared libraries that pyodbc and Driver 18 need, and neither the system nor this wheel has."""
    return [names[0] for names, *_ in NEEDED if not any(map(_loads, names))]


def advice(lacking: list[str] | None = None) -> str:
    """What is missing, and the one command that installs it; "" where nothing is.

    >>> print(entra_odbc.advice())
    """
    lacking = missing() if lacking is None else lacking
    if not lacking:
        return ""
    ours = family()
    wanted = [(names[0], use, packages) for names, use, packages in NEEDED if names[0] in lacking]
    what = ", ".join(f"{name} ({use})" for name, use, _ in wanted)
    packages = dict.fromkeys(packages[ours] for *_, packages in wanted)
    return f"missing: {what}. {COMMANDS[ours]} {' '.join(packages)}"


def _loads(name: str) -> bool:
    """Loads a library; the loader knows it by its name from then on, wherever it came from."""
    for place in (name, os.path.join(_WHEELS_OWN, name)):
        try:
            ctypes.CDLL(place)
        except OSError:
            continue
        return True
    return False
