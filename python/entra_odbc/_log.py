"""The library's decisions in Python's own log."""

from __future__ import annotations

import atexit
from ctypes import c_void_p, cast

from ._library import LOG_CALLBACK, load

TYPE_CHECKING = False
if TYPE_CHECKING:
    from logging import Logger

# The library's levels 1 to 5 (error, warn, info, debug, trace) as Python's.
_LEVELS = {1: 40, 2: 30, 3: 20, 4: 10, 5: 5}
_NUMBERS = {"error": 1, "warning": 2, "info": 3, "debug": 4, "trace": 5}

_logger: Logger | None = None


def log_to(logger: Logger | None, level: str = "info") -> None:
    """Has the library write what it decides to a logger of `logging`: kind, who, cached or requested, how long.

    `level` is "error", "warning", "info", "debug" or "trace"; None as logger ends it. Lines never hold a secret.

    >>> entra_odbc.log_to(logging.getLogger("entra_odbc"), "debug")
    """
    global _logger
    if logger is not None and not callable(getattr(logger, "log", None)):
        raise TypeError("a logger is one of logging.getLogger()")
    if logger is not None and level not in tuple(_NUMBERS):
        raise ValueError(f"level is one of {', '.join(_NUMBERS)}")
    library = load()
    _logger = logger
    if logger is None:
        library.call(library.on_log, None, None, 0)
        return
    library.call(library.on_log, cast(_CALLBACK, c_void_p), None, _NUMBERS[level])
    atexit.unregister(log_to)
    atexit.register(log_to, None)


def _write(_: int | None, level: int, message: bytes) -> None:
    logger = _logger
    if logger is not None:
        logger.log(_LEVELS.get(level, 10), "%s", message.decode("utf-8", "replace"))


# Kept for good: the library may be about to call it at any time.
_CALLBACK = LOG_CALLBACK(_write)
