"""Errors that pass by themselves, and how long to wait for that: a failover of Azure SQL takes its time."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .._error import Error

# Before something is tried again.
PAUSES_S = (1, 5, 15)
# SQLSTATEs of a connection that is lost, of a timeout, and of a deadlock; and Azure SQL's errors for a database that moves.
_PASSING = ("08S01", "08007", "08001", "08003", "HYT00", "HYT01", "40001")
_PASSING_NATIVE = (1205, 40197, 40501, 40613)


def is_passing(error: Error) -> bool:
    """Whether the same may succeed a little later."""
    return error.sqlstate in _PASSING or error.native in _PASSING_NATIVE
