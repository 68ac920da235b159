"""The application as README.md has it started, among the stand-ins of scripts/playground.py."""

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import httpx
import pytest

HERE = Path(__file__).resolve().parent.parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(HERE))

AZURE_CLI = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"
COOKIE = "__Host-session"


class Playground:
    """Entra, SQL Server and the people, by the control endpoint."""

    def __init__(self, address):
        self.control = httpx.Client(base_url=address)
        self.told = self.control.get("/").json()
        self.ada, self.grace = self.told["user"], self.told["other_user"]
        self.portal = self.told["portal"]["client_id"]
        self.tenant = self.told["tenant_id"]
        self.authority = self.told["authority"]
        self.entra = httpx.Client(verify=True, base_url=f"{self.authority}/{self.tenant}")

    def token(self, user, scope=None, **more):
        """A token as a caller of the application gets it, with a tool such as the Azure CLI."""
        form = {
            "grant_type": "password",
            "client_id": AZURE_CLI,
            "username": user["name"],
            "password": user["password"],
            "scope": scope or f"api://{self.portal}/user_impersonation",
            **more,
        }
        answer = self.entra.post("/oauth2/v2.0/token", data=form).json()
        assert "access_token" in answer, answer
        return answer["id_token" if "openid" in form["scope"] else "access_token"]

    def lifetime(self, seconds):
        self.control.post("/lifetime", json={"seconds": seconds}).raise_for_status()

    def revoke(self, user):
        """Entra takes all refresh tokens of a person back."""
        answer = self.control.post("/refresh_tokens", json={"user": user["name"], "state": "revoked"})
        answer.raise_for_status()

    def drop_connections(self):
        """SQL Server closes all connections."""
        self.control.post("/connections/drop").raise_for_status()

    def requests(self, path):
        """What reached Entra at this path."""
        return [request for request in self.control.get("/requests").json() if request["path"].endswith(path)]

    def logins(self):
        """Who logged in to SQL Server since the last `forget`."""
        return self.control.get("/logins").json()

    def forget(self):
        for record in ("logins", "requests"):
            self.control.post(f"/{record}/clear").raise_for_status()


@pytest.fixture(scope="session")
def playground():
    address = os.environ.get("PLAYGROUND")
    if not address:
        pytest.exit("There are no stand-ins: start the tests by the command in README.md.", 2)
    return Playground(address)


class Form(HTMLParser):
    """The form of Entra's page."""

    def __init__(self, page):
        super().__init__()
        self.action = None
        self.fields = {}
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "form":
            self.action = attributes.get("action")
        elif tag == "input":
            self.fields[attributes["name"]] = attributes.get("value", "")


class Served:
    """A running application."""

    def __init__(self, command, **variables):
        # Port 0 is one of the system's choice.
        environment = os.environ | {"UVICORN_PORT": "0"} | variables
        self._process = subprocess.Popen(
            command, shell=True, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True, start_new_session=True
        )
        seen = []
        for line in self._process.stderr:
            seen.append(line)
            if running := re.search(r"running on http://127\.0\.0\.1:(\d+)", line):
                # The host that Entra knows: http://localhost, at any port.
                self.address = f"http://localhost:{running[1]}"
                return
        pytest.fail("".join(seen))

    def client(self, **options):
        return httpx.Client(base_url=self.address, timeout=60, **options)

    def sign_in(self, user):
        """Signs a person in by the application, as a browser does; the cookie's value."""
        with httpx.Client(timeout=60) as browser, self.client() as client:
            started = client.get("/auth/sign-in")
            page = browser.get(started.headers["location"])
            form = Form(page.text)
            answer = browser.post(
                page.url.join(form.action or str(page.url)),
                data=form.fields | {"username": user["name"], "password": user["password"]},
            )
            session = {"Cookie": started.headers["set-cookie"].partition(";")[0]}
            answer = client.get(answer.headers["location"], headers=session)
            assert answer.status_code == 303, answer.text
            return re.match(rf"{COOKIE}=([^;]+)", answer.headers["set-cookie"])[1]

    def end(self):
        self._process.terminate()
        errors = self._process.communicate(timeout=30)[1]
        assert "Traceback" not in errors, errors


def command():
    """The line of README.md that serves the application."""
    lines = (HERE / "README.md").read_text(encoding="utf-8").splitlines()
    [line] = [line for line in lines if line.startswith(".venv-examples/bin/uvicorn ")]
    return f"exec {line}"


@pytest.fixture(scope="session")
def served(playground):
    served = Served(command())
    yield served
    served.end()


@pytest.fixture(autouse=True)
def fresh(playground):
    """Tokens live for an hour, and what other tests left is forgotten."""
    playground.lifetime(3599)
    playground.forget()


@pytest.fixture
def app(served, playground, fresh):
    """The application, in which nobody has a connection."""
    for person in (playground.ada, playground.grace):
        with served.client(headers={"Authorization": f"Bearer {playground.token(person)}"}) as client:
            assert client.delete("/me").status_code == 204
    return served
