"""Prompts: shown by a callback, or in the cell of a Jupyter notebook; whatever the callback does, the sign-in goes on."""

import os
import pty
import re
import ssl
import urllib.parse
import urllib.request

import nbformat
import pytest
from entra_odbc import Prompt
from entra_odbc._notebook import html
from jupyter_client.manager import start_new_kernel
from nbclient import NotebookClient

DEVICE = "Authentication=ActiveDirectoryDeviceCode;"

# The sign-in in which a person types the code into a browser: `approve` is that person.
APPROVE = """
import entra_odbc, ssl, threading, urllib.parse, urllib.request
def approve(prompt, **more):
    user = standins["user"]
    person = {"username": user["name"], "password": user["password"]}
    form = urllib.parse.urlencode({"user_code": prompt.user_code, **person, **more})
    context = ssl.create_default_context(cafile=standins["ca"])
    page = standins["authority"] + "/common/oauth2/deviceauth"
    urllib.request.urlopen(page, form.encode(), context=context).read()
"""
DEVICE_CODE = f"entra_odbc.Credential('{DEVICE}').identity(timeout=60).principal"


def approve(about, code, **more):
    """Signs the person in who was given this code; with `cancel`, declines."""
    form = {"user_code": code, "username": about["user"]["name"], "password": about["user"]["password"], **more}
    context = ssl.create_default_context(cafile=about["ca"])
    page = about["authority"] + "/common/oauth2/deviceauth"
    urllib.request.urlopen(page, urllib.parse.urlencode(form).encode(), context=context).read()


def test_a_terminal_shows_the_prompt(machine):
    about = machine.standins.description
    terminal, inside = pty.openpty()
    with machine.start(APPROVE + f"print({DEVICE_CODE})", stderr=inside) as process:
        # Else the terminal would not end with the program.
        os.close(inside)
        shown = ""
        while not (code := re.search(r"enter the code (\w+)", shown)):
            shown += os.read(terminal, 4096).decode()
        approve(about, code[1])
        out, _ = process.communicate(timeout=60)
        assert (out, process.returncode) == (f"{about['user']['name']}\n", 0)
    os.close(terminal)


def test_a_callback_gets_page_and_code(machine):
    program = f"""
def show(prompt):
    print(prompt.user_code in prompt.message, prompt.url in prompt.message, prompt.expires_in > 60)
    print(threading.current_thread() is not threading.main_thread())
    approve(prompt)
entra_odbc.on_prompt(show)
print({DEVICE_CODE})
"""
    user = machine.standins.description["user"]["name"]
    assert machine.python(APPROVE + program) == f"True True True\nTrue\n{user}"


def test_nobody_is_asked_where_nobody_would_see_it(machine):
    program = f"""
try:
    print({DEVICE_CODE})
except entra_odbc.Error as error:
    print(error.sqlstate, "entra-odbc login" in error.message)
"""
    assert machine.python(APPROVE + program) == "HYC00 True"


@pytest.mark.parametrize(
    "behaviour",
    [
        "approve(prompt); raise ValueError('as scripted')",
        "approve(prompt); release.wait()",
        "entra_odbc.on_prompt(None); entra_odbc.attrs_before(MSI); approve(prompt)",
        "approve(prompt); entra_odbc.on_prompt(show)",
    ],
    ids=["raises", "blocks", "calls back", "registers again"],
)
def test_whatever_a_callback_does_the_sign_in_goes_on(machine, behaviour):
    program = f"""
release = threading.Event()
def show(prompt):
    {behaviour}
entra_odbc.on_prompt(show)
print({DEVICE_CODE})
release.set()
"""
    out, err = machine.run(APPROVE + program)
    assert out == machine.standins.description["user"]["name"]
    assert ("as scripted" in err) == ("raise" in behaviour)


def test_a_prompt_is_a_link_and_a_code_in_html():
    shown = html(Prompt("words", "https://login.example/device?a=1&b=<", "GH<3", 900))
    assert '<a href="https://login.example/device?a=1&amp;b=&lt;"' in shown
    assert ">GH&lt;3</code>" in shown
    assert "code" not in html(Prompt("words", "https://login.example/", None, 900))


@pytest.mark.parametrize("url", ["javascript:alert(1)", "http://login.example/", 'https"onclick="x'])
def test_what_is_no_page_is_no_link(url):
    assert "<a" not in html(Prompt("words", url, "ABC", 900))


def test_a_callback_is_told_who_signed_in_and_then_the_sign_in_goes_on(machine):
    program = f"""
told = []
entra_odbc.on_prompt(approve, lambda prompt, account: told.append((prompt.user_code is not None, account)))
print({DEVICE_CODE}, told)
"""
    user = machine.standins.description["user"]["name"]
    assert machine.python(APPROVE + program) == f"{user} {[(True, user)]}"


def test_a_callback_is_told_that_nobody_signed_in(machine):
    program = f"""
told = []
entra_odbc.on_prompt(lambda prompt: approve(prompt, cancel="yes"), lambda prompt, account: told.append(account))
try:
    print({DEVICE_CODE})
except entra_odbc.Error as error:
    print(error.sqlstate, "declined" in error.message, told)
"""
    assert machine.python(APPROVE + program) == "28000 True [None]"


class Notebook:
    """A notebook of two cells: import, and sign in."""

    def __init__(self, machine, *cells):
        self.about = machine.standins.description
        cells = ["import entra_odbc", *cells]
        self.notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
        self.shown = []

    def run(self, takes_input=True, **more):
        """Executes it, as a front end does that takes input or not, and answers what it asks a person."""
        about, shown = self.about, self.shown

        class Client(NotebookClient):
            async def async_start_new_kernel_client(self):
                client = await super().async_start_new_kernel_client()
                client.allow_stdin = takes_input
                return client

            def process_message(self, message, cell, cell_index):
                html = message["content"].get("data", {}).get("text/html", "")
                if message["msg_type"] == "display_data" and "</code>" in html:
                    shown.append(html)
                    approve(about, html.partition("</code>")[0].rpartition(">")[2], **more)
                return super().process_message(message, cell, cell_index)

        Client(self.notebook, timeout=60, kernel_name="python3").execute()
        return self.notebook.cells[-1].outputs

    def saved(self, directory):
        """What the file has in it."""
        nbformat.write(self.notebook, directory / "saved.ipynb")
        return (directory / "saved.ipynb").read_text(encoding="utf-8")


@pytest.fixture
def kernels(machine, monkeypatch):
    for name, value in machine.variables.items():
        monkeypatch.setenv(name, value)
    return machine


def test_a_notebook_shows_the_prompt_in_its_cell_and_then_who_signed_in(kernels, tmp_path):
    notebook = Notebook(kernels, f"print({DEVICE_CODE})")
    user = notebook.about["user"]["name"]
    ended, answer = notebook.run()
    [shown] = notebook.shown
    assert '<a href="' in shown
    assert ended["data"] == {"text/plain": f"Signed in as {user}.", "text/html": f"<p>Signed in as {user}.</p>"}
    assert answer["text"] == f"{user}\n"
    code, page = re.search(r">(\w+)</code>", shown)[1], re.search('href="([^"]+)"', shown)[1]
    saved = notebook.saved(tmp_path)
    assert user in saved
    assert code not in saved and page not in saved


def test_a_notebook_says_that_nobody_signed_in(kernels, tmp_path):
    cell = f"""
try:
    {DEVICE_CODE}
except entra_odbc.Error as error:
    print(error.sqlstate)
"""
    notebook = Notebook(kernels, cell)
    ended, answer = notebook.run(cancel="yes")
    assert (ended["data"]["text/plain"], answer["text"]) == ("Nobody signed in.", "28000\n")
    assert "</code>" not in notebook.saved(tmp_path)


NOBODY = f"""
try:
    {DEVICE_CODE}
except entra_odbc.Error as error:
    print(error.sqlstate, "entra-odbc login" in error.message)
"""


def test_a_notebook_that_is_executed_without_a_person_says_so_at_once(kernels):
    notebook = Notebook(kernels, NOBODY)
    [answer] = notebook.run(takes_input=False)
    assert answer["text"] == "HYC00 True\n"
    assert kernels.standins.requests("devicecode") == [], "no code is asked for that nobody would enter"


def test_a_program_may_say_that_somebody_sees_the_cells(kernels):
    notebook = Notebook(kernels, f"entra_odbc.prompt_in_cells()\nprint({DEVICE_CODE})")
    ended, _ = notebook.run(takes_input=False)
    assert ended["data"]["text/plain"] == f"Signed in as {notebook.about['user']['name']}."


def test_whether_somebody_is_there_is_decided_for_each_cell(kernels):
    manager, client = start_new_kernel(kernel_name="python3")

    def run(code, **options):
        printed = []
        client.execute_interactive(
            code, timeout=60, output_hook=lambda message: printed.append(message["content"].get("text", "")), **options
        )
        return "".join(printed)

    try:
        run("import entra_odbc\nfrom entra_odbc import _prompts")
        asked = "entra_odbc.advice(); from entra_odbc._library import load; load(); print(_prompts._callback is not None)"
        assert run(asked) == "True\n"
        assert run(asked, allow_stdin=False) == "False\n"
        assert run(asked) == "True\n"
        assert run("entra_odbc.on_prompt(None)\n" + asked) == "False\n"
        assert run(asked) == "False\n", "the program has said how"
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
