"""Tokens for asyncio: a request of the library's that a task awaits, and no thread waits for."""

from __future__ import annotations

import asyncio
import atexit
import itertools
import os
import threading
from ctypes import c_void_p, cast

from ._error import Error
from ._library import TOKEN_CALLBACK, load

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeAlias

    from ._native import Native

    Answer: TypeAlias = asyncio.Future[tuple[str, int]]

# The requests whose end the library has not told yet, by the number that it passes back: who awaits it, and the
# `entra_cancellation` of it. A number is never used again.
_under_way: dict[int, tuple[Answer, int]] = {}
_numbers = itertools.count(1)

# At the interpreter's end nothing is begun any more, and what is under way is cancelled.
_ending = False
_all_told = threading.Event()
_LONGEST_END = 5.0


async def token(native: Native, scope: str | None, timeout: float | None) -> tuple[str, int]:
    """A token's text and end. A task that is cancelled meanwhile takes its request back."""
    if _ending:
        raise Error("HY008", 0, "the token request was cancelled: the program ends")
    library = load()
    answer: Answer = asyncio.get_running_loop().create_future()
    number = next(_numbers)
    cancellation = library.cancellation_new()
    _under_way[number] = answer, cancellation
    try:
        arguments = (*native.arguments(scope, timeout), cancellation, cast(_CALLBACK, c_void_p), number)
        try:
            library.call(library.credential_request_token, *arguments)
        except BaseException:
            # Not begun, and so never told.
            _under_way.pop(number, None)
            raise
        return await answer
    finally:
        if not answer.done() or answer.cancelled():
            library.cancellation_cancel(cancellation)
        library.cancellation_free(cancellation)


def _told(number: int, token: int | None, error: int | None) -> None:
    """Passes on how a request ended; on a thread of the library's."""
    library = load()
    outcome = library.error(c_void_p(error)) if token is None else library.token(c_void_p(token))
    awaited = _under_way.pop(number, None)
    if awaited is not None:
        answer, _ = awaited
        try:
            answer.get_loop().call_soon_threadsafe(_end, answer, outcome)
        except RuntimeError:
            # The loop was closed, and with it whoever awaited.
            pass
    if _ending and not _under_way:
        _all_told.set()


def _end(answer: Answer, outcome: tuple[str, int] | Error) -> None:
    if answer.done():
        # Cancelled meanwhile.
        return
    if isinstance(outcome, tuple):
        answer.set_result(outcome)
    else:
        answer.set_exception(outcome)


# Kept for good: the library may be about to call it at any time.
_CALLBACK = TOKEN_CALLBACK(_told)


def _end_all() -> None:
    """Has everything told that is under way: once the interpreter has ended, a call of it would crash the process."""
    global _ending
    _ending = True
    library = load()
    for _, cancellation in list(_under_way.values()):
        library.cancellation_cancel(cancellation)
    if _under_way:
        _all_told.wait(_LONGEST_END)


atexit.register(_end_all)
# Those of its parent are never told in a child.
os.register_at_fork(after_in_child=_under_way.clear)
