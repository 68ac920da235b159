"""Requests through all of Django, in one process and by its command line."""

import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(HERE))


def control(path, method="GET"):
    address = os.environ.get("PLAYGROUND")
    if not address:
        pytest.exit("There are no stand-ins: start the tests by the command in README.md.", 2)
    with urllib.request.urlopen(urllib.request.Request(address + path, method=method)) as answer:
        return json.load(answer)


@pytest.fixture(scope="module")
def told():
    return control("/")


def test_requests_are_answered_on_one_connection(told):
    os.environ["DJANGO_SETTINGS_MODULE"] = "who.settings"
    import django
    from django.test import Client

    django.setup()
    control("/logins/clear", "POST")
    machine = f"{told['system_assigned']['client_id']}@{told['tenant_id']}"
    for _ in range(3):
        answer = Client().get("/")
        assert (answer.status_code, answer.content.decode()) == (200, f"{machine}\n")
    assert len(control("/logins")) == 1


def test_another_sign_in_is_another_setting(told):
    app = told["app"]
    secret = app["secret"].replace("}", "}}")
    sign_in = f"Authentication=ActiveDirectoryServicePrincipal;UID={app['client_id']};PWD={{{secret}}}"
    program = "from django.db import connection as c; k = c.cursor(); k.execute('SELECT SUSER_SNAME()'); print(k.fetchone()[0])"
    answer = subprocess.run(
        [sys.executable, HERE / "manage.py", "shell", "-v0", "-c", program],
        env=os.environ | {"DATABASE_SIGN_IN": sign_in},
        capture_output=True,
        text=True,
        check=True,
    )
    assert answer.stdout.strip() == f"{app['client_id']}@{told['tenant_id']}", "without a tenant: the server tells it"


def test_the_development_server_starts_and_answers(told):
    command = [sys.executable, "-u", HERE / "manage.py", "runserver", "--noreload", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as server:
        try:
            lines = []
            for line in server.stdout:
                lines.append(line)
                if line.startswith("Starting development server at "):
                    break
            else:
                pytest.fail("".join(lines))
            with urllib.request.urlopen(line.split()[-1]) as answer:
                assert answer.read().decode() == f"{told['system_assigned']['client_id']}@{told['tenant_id']}\n"
        finally:
            server.terminate()
