"""Prompts below the cells of a Jupyter notebook, where somebody is there to answer them."""

from __future__ import annotations

import contextlib
import sys
import threading

from ._prompts import Prompt, set_callbacks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ._library import Library

# Whether this module decides who shows prompts; no longer so once the program has.
_decides = True
# Held while it decides.
_lock = threading.Lock()

# The displays of prompts whose sign-in is not over.
_displays: dict[Prompt, Any] = {}


def begin(library: Library) -> None:
    """In a kernel: has prompts shown below this cell and later ones, where a person runs them."""
    shell = _shell()
    kernel = getattr(shell, "kernel", None)
    if kernel is None:
        return

    def decide(*_: object) -> None:
        with _lock:
            if _decides:
                # Prompts that a cell before this one has shown end as well.
                set_callbacks(library, show if _takes_input(kernel) else None, end)

    decide()
    # A kernel may be used by one client after the other.
    with contextlib.suppress(Exception):
        shell.events.register("pre_run_cell", decide)


def leave_to_program() -> None:
    """The program says itself how prompts are shown."""
    global _decides
    with _lock:
        _decides = False


def is_running() -> bool:
    """Whether this is the kernel of a notebook."""
    return getattr(_shell(), "kernel", None) is not None


def _shell() -> Any:
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython is not None else None


def _takes_input(kernel: Any) -> bool:
    """Whether the client that runs the current cell takes input, as one does that has a person in front of it.

    Clients say so with each cell (`allow_stdin` of Jupyter's messages, true where it is missing): JupyterLab sends true,
    nbclient false, and so do nbconvert and papermill, which use it. Messages of widgets have no such field.
    """
    try:
        return bool(kernel.get_parent().get("content", {}).get("allow_stdin", True))
    except Exception:
        # ipykernel before 6, no request yet, or another kernel: a connect does not fail by a question of display.
        return True


def show(prompt: Prompt) -> None:
    """Shows a prompt as a link and a code below the cell."""
    from IPython.display import display

    data = {"text/plain": prompt.message, "text/html": html(prompt)}
    _displays[prompt] = display(data, raw=True, display_id=True)  # type: ignore[no-untyped-call,unused-ignore]


def end(prompt: Prompt, account: str | None) -> None:
    """Puts who has signed in in the place of the prompt, so that no code and no link is saved with the notebook."""
    from html import escape

    shown = _displays.pop(prompt, None)
    if shown is None:
        return
    if account is None:
        words = "Nobody signed in."
    else:
        words = f"Signed in as {account}." if account else "Signed in."
    shown.update({"text/plain": words, "text/html": f"<p>{escape(words)}</p>"}, raw=True)


def html(prompt: Prompt) -> str:
    """The prompt with a page to click on and a code to copy."""
    from html import escape

    url = escape(prompt.url)
    link = f'<a href="{url}" target="_blank" rel="noopener noreferrer">{url}</a>'
    if not prompt.url.startswith(("https://", "http://localhost:", "http://localhost/")):
        link = url
    if prompt.user_code is None:
        return f"<p>To sign in, open {link}</p>"
    code = f'<code style="font-size: 1.3em; user-select: all">{escape(prompt.user_code)}</code>'
    return f"<p>To sign in, open {link} and enter the code {code}</p>"
