"""Shows the driver's prompts, a link and a code, under the cell that connects.

The driver writes them to standard error, and only where that is a terminal. In a notebook it is none, so for as long as a
cell connects it is made one, and what comes out of it is displayed.
"""

import html
import os
import re
import threading
from contextlib import contextmanager

from IPython.display import HTML, display

STANDARD_ERROR = 2


@contextmanager
def prompt_in_cell():
    ours, terminal = os.openpty()
    before = os.dup(STANDARD_ERROR)
    os.dup2(terminal, STANDARD_ERROR)
    os.close(terminal)
    showing = threading.Thread(target=_show, args=[ours])
    showing.start()
    try:
        yield
    finally:
        # The terminal's last end closes, so that reading from ours ends.
        os.dup2(before, STANDARD_ERROR)
        os.close(before)
        showing.join()


def _show(ours):
    with open(ours, encoding="utf-8", errors="replace") as lines:
        try:
            for line in lines:
                display(HTML(as_html(line.strip())))
        except OSError:
            pass  # That is how a terminal of which nobody has the other end says so.


def as_html(line):
    """Entra's words, with a page to click on and a code to copy."""
    text = re.sub(r"(https://[^\s<>&]+)", r'<a href="\1" target="_blank">\1</a>', html.escape(line, quote=False))
    return re.sub(r"(the code )(\w+)", r"\1<code>\2</code>", text)
