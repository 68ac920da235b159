"""Shows the driver's prompts, a link and a code, under the cell that connects.

The driver writes them to standard error, and only where that is a terminal. In a notebook it is none, so for as long as a
cell connects it is made one, and what comes out of it is displayed. Where nobody runs the cells (nbconvert, papermill), it
is left as it is, and the driver says at once that it can show no prompt.
"""

import html
import os
import re
import threading
from contextlib import contextmanager

from IPython import get_ipython
from IPython.display import HTML, display

STANDARD_ERROR = 2


@contextmanager
def prompt_in_cell():
    if not somebody_is_there():
        yield
        return
    ours, terminal = os.openpty()
    before = os.dup(STANDARD_ERROR)
    os.dup2(terminal, STANDARD_ERROR)
    os.close(terminal)
    prompts = []
    showing = threading.Thread(target=_show, args=[ours, prompts])
    showing.start()
    outcome = "The connection failed."
    try:
        yield
        outcome = "Signed in."
    finally:
        # The terminal's last end closes, so that reading from ours ends.
        os.dup2(before, STANDARD_ERROR)
        os.close(before)
        showing.join()
        # The notebook is saved without the code.
        for prompt in prompts:
            prompt.update(HTML(outcome))


def somebody_is_there():
    """Whether the client that runs this cell takes input, as JupyterLab does and nbclient does not."""
    return get_ipython().kernel.get_parent()["content"].get("allow_stdin", True)


def _show(ours, prompts):
    with open(ours, encoding="utf-8", errors="replace") as lines:
        try:
            for line in lines:
                text = as_html(line.strip())
                shown = display(HTML(text), display_id=True)
                if "<code>" in text:
                    prompts.append(shown)
        except OSError:
            pass  # That is how a terminal of which nobody has the other end says so.


def as_html(line):
    """Entra's words, with a page to click on and a code to copy."""
    text = re.sub(r"(https://[^\s<>&]+)", r'<a href="\1" target="_blank">\1</a>', html.escape(line, quote=False))
    return re.sub(r"(the code )(\w+)", r"\1<code>\2</code>", text)
