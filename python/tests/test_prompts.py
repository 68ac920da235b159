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
from entra_odbc._prompts import _html
from nbclient import NotebookClient

DEVICE = "Authentication=ActiveDirectoryDeviceCode;"

# The sign-in in which a person types the code into a browser: `approve` is that person.
APPROVE = """
import entra_odbc, ssl, threading, urllib.parse, urllib.request
def approve(prompt):
    user = standins["user"]
    form = urllib.parse.urlencode({"user_code": prompt.user_code, "username": user["name"], "password": user["password"]})
    context = ssl.create_default_context(cafile=standins["ca"])
    page = standins["authority"] + "/common/oauth2/deviceauth"
    urllib.request.urlopen(page, form.encode(), context=context).read()
"""
DEVICE_CODE = f"entra_odbc.Credential('{DEVICE}').identity(timeout=60).principal"


def approve(about, code):
    """Signs the person in who was given this code."""
    form = {"user_code": code, "username": about["user"]["name"], "password": about["user"]["password"]}
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
    html = _html(Prompt("words", "https://login.example/device?a=1&b=<", "GH<3", 900))
    assert '<a href="https://login.example/device?a=1&amp;b=&lt;"' in html
    assert ">GH&lt;3</code>" in html
    assert "code" not in _html(Prompt("words", "https://login.example/", None, 900))


@pytest.mark.parametrize("url", ["javascript:alert(1)", "http://login.example/", 'https"onclick="x'])
def test_what_is_no_page_is_no_link(url):
    assert "<a" not in _html(Prompt("words", url, "ABC", 900))


def test_a_notebook_shows_the_prompt_in_its_cell(machine, monkeypatch):
    for name, value in machine.variables.items():
        monkeypatch.setenv(name, value)
    cells = ["import entra_odbc", f"print({DEVICE_CODE})"]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    about = machine.standins.description

    def look(message):
        data = message["content"].get("data", {}) if message["msg_type"] == "display_data" else {}
        if "text/html" in data:
            approve(about, data["text/html"].partition("</code>")[0].rpartition(">")[2])

    class Client(NotebookClient):
        def process_message(self, message, cell, cell_index):
            look(message)
            return super().process_message(message, cell, cell_index)

    Client(notebook, timeout=60, kernel_name="python3").execute()
    prompt, answer = notebook.cells[1].outputs
    assert "<a href=" in prompt["data"]["text/html"] and "</code>" in prompt["data"]["text/html"]
    assert "text/plain" in prompt["data"]
    assert answer["text"] == f"{about['user']['name']}\n"
