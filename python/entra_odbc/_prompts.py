"""Prompts: showing a person the page and the code to sign in with.

On a terminal the library prints them itself, to standard error. Elsewhere it shows none, and a sign-in that needs
one fails at once, unless a callback is registered; this package registers one by itself in a Jupyter kernel.
"""

from __future__ import annotations

import atexit
import sys
from collections import namedtuple
from ctypes import POINTER, c_void_p, cast

from ._library import PROMPT_CALLBACK, load
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


def on_prompt(callback: Callable[[Prompt], object] | None) -> None:
    """Has prompts (device code, browser) shown by `callback`; None takes it away.

    Without one they are printed on the terminal, or shown in the cell of a Jupyter notebook. The callback gets a
    Prompt, on a thread of its own; what it raises is reported and otherwise ignored, and nobody waits for it.

    >>> entra_odbc.on_prompt(lambda prompt: send_mail(operator, prompt.message))
    """
    if callback is not None and not callable(callback):
        raise TypeError("a callback is a function that gets a Prompt")
    _set(load(), callback)


def _set(library: Library, callback: Callable[[Prompt], object] | None) -> None:
    global _callback
    _callback = callback
    library.on_prompt(cast(_CALLBACK, c_void_p) if callback else None, None)


def _show(_: int | None, prompt: POINTER(_CPrompt)) -> None:  # type: ignore[valid-type]
    callback = _callback
    if callback is None:
        return
    asked = prompt.contents
    message, url, user_code = (
        (value or b"").decode("utf-8", "replace") for value in (asked.message, asked.url, asked.user_code)
    )
    # ctypes reports what it raises, as of any callback.
    callback(Prompt(message, url, user_code or None, asked.expires_in_s))


# Kept for good: the library may be about to call it at any time.
_CALLBACK = PROMPT_CALLBACK(_show)


def _in_jupyter() -> bool:
    """Whether this is a Jupyter kernel, whose cells show what is displayed."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return getattr(shell, "kernel", None) is not None


def in_cell(prompt: Prompt) -> None:
    """Shows a prompt as a link and a code below the cell of a Jupyter notebook."""
    from IPython.display import display

    display({"text/plain": prompt.message, "text/html": _html(prompt)}, raw=True)  # type: ignore[no-untyped-call,unused-ignore]


def _html(prompt: Prompt) -> str:
    from html import escape

    url = escape(prompt.url)
    link = f'<a href="{url}" target="_blank" rel="noopener noreferrer">{url}</a>'
    if not prompt.url.startswith(("https://", "http://localhost")):
        link = url
    if prompt.user_code is None:
        return f"<p>To sign in, open {link}</p>"
    code = f'<code style="font-size: 1.3em; user-select: all">{escape(prompt.user_code)}</code>'
    return f"<p>To sign in, open {link} and enter the code {code}</p>"


def begin(library: Library) -> None:
    """Sees to prompts where nobody asked for a way to show them, as soon as the library is loaded."""
    if _in_jupyter():
        _set(library, in_cell)
    # The interpreter's end is no time to be called.
    atexit.register(library.on_prompt, None, None)
