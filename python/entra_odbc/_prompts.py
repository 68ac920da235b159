"""Prompts: showing a person the page and the code to sign in with.

On a terminal the library prints them itself, to standard error. Elsewhere it shows none, and a sign-in that needs
one fails at once, unless a callback is registered; this package registers one by itself in a Jupyter kernel, for cells
that a person runs: see `_notebook`.
"""

from __future__ import annotations

import atexit
from collections import namedtuple
from ctypes import POINTER, c_void_p, cast

from ._error import Error
from ._library import PROMPT_CALLBACK, PROMPT_END_CALLBACK, load
from ._library import Prompt as _CPrompt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NamedTuple

    from ._library import Library

    class Prompt(NamedTuple):
        message: str
        url: str
        user_code: str | None
        expires_in: int

else:
    Prompt = namedtuple("Prompt", "message url user_code expires_in")

Prompt.__doc__ = """What a person is asked to do.

`message` is the whole request in words; `url` the page to open, `user_code` what to type there (None where the page
needs none), `expires_in` the seconds for which an answer is waited for.
"""

_callback: Callable[[Prompt], object] | None = None
_ended: Callable[[Prompt, str | None], object] | None = None


def on_prompt(callback: Callable[[Prompt], object] | None, ended: Callable[[Prompt, str | None], object] | None = None) -> None:
    """Has prompts (device code, browser) shown by `callback`; None takes it away.

    Without one they are printed on the terminal, or shown in the cell of a Jupyter notebook. The callback gets a
    Prompt, on a thread of its own; what it raises is reported and otherwise ignored, and nobody waits for it.

    `ended` is called on the same thread once the sign-in is over, to take the code away: with the Prompt and the name of
    who signed in ("" where their token has none), or None where nobody did. The sign-in waits for it for up to a second.
    It is also called for prompts that were shown before it was registered.

    >>> entra_odbc.on_prompt(lambda prompt: send_mail(operator, prompt.message))
    """
    for given in (callback, ended):
        if given is not None and not callable(given):
            raise TypeError("a callback is a function that gets a Prompt")
    library = load()
    from . import _notebook

    _notebook.leave_to_program()
    set_callbacks(library, callback, ended)


def prompt_in_cells() -> None:
    """Has prompts shown below the cells of a notebook whatever its front end says of itself; an Error outside a kernel.

    By itself the package shows them where the front end takes input, as JupyterLab does. Programs that execute notebooks
    (nbconvert, papermill, nbclient) take none, and neither do some front ends that people use.
    """
    from . import _notebook

    if not _notebook.is_running():
        raise Error(
            "HYC00", 0, "prompt_in_cells() is for the kernel of a notebook; elsewhere on_prompt() says how prompts are shown"
        )
    on_prompt(_notebook.show, _notebook.end)


def set_callbacks(
    library: Library,
    callback: Callable[[Prompt], object] | None,
    ended: Callable[[Prompt, str | None], object] | None,
) -> None:
    """Registers what the library calls."""
    global _callback, _ended
    _callback, _ended = callback, ended
    library.on_prompt(cast(_CALLBACK, c_void_p) if callback else None, None)
    library.on_prompt_end(cast(_END_CALLBACK, c_void_p) if ended else None, None)


def _prompt(given: POINTER(_CPrompt)) -> Prompt:  # type: ignore[valid-type]
    asked = given.contents  # type: ignore[attr-defined,unused-ignore]
    message, url, user_code = ((value or b"").decode("utf-8", "replace") for value in (asked.message, asked.url, asked.user_code))
    return Prompt(message, url, user_code or None, asked.expires_in_s)


def _show(_: int | None, prompt: POINTER(_CPrompt)) -> None:  # type: ignore[valid-type]
    callback = _callback
    if callback is not None:
        # ctypes reports what it raises, as of any callback.
        callback(_prompt(prompt))


def _end(_: int | None, prompt: POINTER(_CPrompt), account: bytes | None) -> None:  # type: ignore[valid-type]
    ended = _ended
    if ended is not None:
        ended(_prompt(prompt), None if account is None else account.decode("utf-8", "replace"))


# Kept for good: the library may be about to call them at any time.
_CALLBACK = PROMPT_CALLBACK(_show)
_END_CALLBACK = PROMPT_END_CALLBACK(_end)


def begin(library: Library) -> None:
    """Sees to prompts where nobody asked for a way to show them, as soon as the library is loaded."""
    from . import _notebook

    _notebook.begin(library)
    # The interpreter's end is no time to be called.
    atexit.register(set_callbacks, library, None, None)
