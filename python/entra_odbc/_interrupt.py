"""Waiting for a token so that Ctrl-C, or a notebook's interrupt, ends the wait."""

from __future__ import annotations

import threading
from ctypes import byref

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ctypes import c_void_p

    from ._library import Library


def interruptible(library: Library, arguments: tuple[object, ...], token: c_void_p, error: c_void_p) -> int:
    """Gets a token like `entra_credential_get_token`, on a thread of its own, for the main thread.

    Python runs signal handlers on the main thread only, and not inside a foreign call: waiting there for a person
    who is to type a code, nobody could interrupt it.
    """
    cancellation = library.cancellation_new()
    answers: list[int] = []
    answered = threading.Event()

    def ask() -> None:
        try:
            call = library.credential_get_token
            answers.append(call(*arguments, cancellation, byref(token), byref(error)))
        finally:
            answered.set()

    thread = threading.Thread(target=ask, name="entra-odbc-wait", daemon=True)
    try:
        thread.start()
    except RuntimeError:
        # At the interpreter's end there are no new threads (3.12), and no one who interrupts.
        library.cancellation_free(cancellation)
        return int(library.credential_get_token(*arguments, None, byref(token), byref(error)))
    try:
        answered.wait()
    except BaseException:
        # At once, since it is cancelled; nothing may be freed before.
        library.cancellation_cancel(cancellation)
        thread.join()
        if answers == [0]:
            library.token_free(token)
        elif answers:
            library.error_free(error)
        raise
    finally:
        thread.join()
        library.cancellation_free(cancellation)
    return answers[0]
