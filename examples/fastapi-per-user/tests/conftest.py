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

    def refuse_next_login(self, message):
        """SQL Server refuses the next login with error 18456 and these words."""
        error = {"number": 18456, "state": 1, "class": 14, "message": message}
        fault = {"service": "sql_server", "fault": {"refuse_login": error}}
        self.control.post("/fault", json=fault).raise_for_status()

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
    """The form of a page."""

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


class Browser(httpx.Client):
    """Keeps cookies as browsers do: those for https go to localhost as well."""

    def __init__(self, address):
        accepted = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
        super().__init__(base_url=address, timeout=60, headers={"Accept": accepted})
        self.kept = {}

    def send(self, request, **options):
        if self.kept:
            request.headers["cookie"] = "; ".join(f"{name}={value}" for name, value in self.kept.items())
        response = super().send(request, **options)
        for cookie in response.headers.get_list("set-cookie"):
            assert all(part in cookie for part in ("HttpOnly", "Secure", "SameSite=lax", "Path=/")), cookie
            name, value = cookie.partition(";")[0].split("=", 1)
            self.kept.pop(name, None)
            if "max-age=0" not in cookie.lower():
                self.kept[name] = value
        self.cookies.clear()
        return response

    def sign_in(self, user):
        """By the application's page, Entra's, and back."""
        self.start()
        self.finish(user)

    def state(self):
        """What Entra is to repeat when it returns this browser."""
        return self.started.headers["location"].partition("state=")[2].partition("&")[0]

    def start(self):
        form = Form(self.get("/").text)
        self.started = self.post("/auth/sign-in", data=form.fields)
        assert self.started.status_code == 303, self.started.text

    def finish(self, user):
        """Signs in at Entra, where the last start has led."""
        with httpx.Client(timeout=60) as entra:
            page = entra.get(self.started.headers["location"])
            form = Form(page.text)
            answer = entra.post(
                page.url.join(form.action or str(page.url)),
                data=form.fields | {"username": user["name"], "password": user["password"]},
            )
        back = self.get(answer.headers["location"])
        assert back.status_code == 303, back.text


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

    def browser(self):
        return Browser(self.address)

    def sign_in(self, user):
        """Signs a person in by the application, as a browser does; the cookie's value."""
        with self.browser() as browser:
            browser.sign_in(user)
            return browser.kept[COOKIE]

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
