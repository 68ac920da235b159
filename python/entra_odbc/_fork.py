"""A lock that a forked child never finds held by a thread which it does not have."""

from __future__ import annotations

import os
import threading


def Lock() -> threading.Lock:
    """A lock for a module, held over forks; whoever holds it must not fork, wait or call anybody else's code."""
    lock = threading.Lock()
    os.register_at_fork(before=lock.acquire, after_in_parent=lock.release, after_in_child=lock.release)
    return lock
