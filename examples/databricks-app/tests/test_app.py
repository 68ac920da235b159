"""The app as Databricks starts it: the command of app.yaml, with the environment that app.yaml names, among stand-ins."""

import importlib.metadata
import os
import re
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
import yaml

HERE = Path(__file__).resolve().parent.parent
ROOT = HERE.parent.parent
APP = yaml.safe_load((HERE / "app.yaml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def playground():
    address = os.environ.get("PLAYGROUND")
    if not address:
        pytest.exit("There are no stand-ins: start the tests by the command in README.md.", 2)
    with httpx.Client(base_url=address) as control:
        yield control


def environment():
    """What the process has: nothing of the app's but what app.yaml names, and what leads it to the stand-ins."""
    values = {
        "DATABASE_SERVER": f"{os.environ['DATABASE_HOST']},{os.environ['DATABASE_PORT']}",
        "DATABASE_NAME": "master",
        "APP_TENANT_ID": os.environ["APP_TENANT_ID"],
        "APP_CLIENT_ID": os.environ["APP_CLIENT_ID"],
    }
    secrets = {"entra-secret": os.environ["APP_CLIENT_SECRET"]}
    named = {each["name"]: secrets[each["valueFrom"]] if "valueFrom" in each else values[each["name"]] for each in APP["env"]}
    others = {name: value for name, value in os.environ.items() if not name.startswith(("APP_", "DATABASE"))}
    return others | named


class Started:
    """The running app. It has said that it listens."""

    def __init__(self):
        with socket.socket() as free:
            free.bind(("0.0.0.0", 0))
            self.port = free.getsockname()[1]
        variables = environment() | {
            "DATABRICKS_APP_PORT": str(self.port),
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            # In place of the wheel.
            "PYTHONPATH": str(ROOT / "python"),
        }
        self.process = subprocess.Popen(
            APP["command"], cwd=HERE, env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        seen = []
        for line in self.process.stdout:
            seen.append(line)
            if running := re.search(r"running on (http://\S+)", line):
                self.listens_on = running[1]
                return
        pytest.fail("".join(seen))

    def get(self, **headers):
        return httpx.get(f"http://127.0.0.1:{self.port}/", headers=headers, timeout=60)

    def end(self):
        """As Databricks ends an app; what it has written since it listens."""
        self.process.terminate()
        return self.process.communicate(timeout=15)[0]


@pytest.fixture(scope="module")
def started(playground):
    started = Started()
    yield started
    started.process.kill()
    started.process.wait()


def the_application():
    return f"{os.environ['APP_CLIENT_ID']}@{os.environ['APP_TENANT_ID']}"


def test_it_listens_where_databricks_says_and_the_database_knows_the_application(started):
    assert started.listens_on == f"http://0.0.0.0:{started.port}"
    answer = started.get()
    assert answer.status_code == 200, answer.text
    assert answer.json() == {"database": the_application(), "visitor": None}


def test_whom_the_proxy_names_is_shown_and_is_nobody_in_the_database(started):
    headers = {"X-Forwarded-Email": "ada@contoso.com", "X-Forwarded-Access-Token": "a-token-of-databricks"}
    assert started.get(**headers).json() == {"database": the_application(), "visitor": "ada@contoso.com"}


def test_many_first_visitors_at_once_cost_one_token_request_and_no_secret_is_written(playground):
    started = Started()
    playground.post("/requests/clear").raise_for_status()
    with ThreadPoolExecutor(8) as visitors:
        answers = list(visitors.map(lambda _: started.get().json()["database"], range(24)))
    # Databricks gives an app 15 s to end.
    written = started.end()
    assert answers == [the_application()] * 24
    assert [request["path"] for request in playground.get("/requests").json()] == [
        f"/{os.environ['APP_TENANT_ID']}/oauth2/v2.0/token"
    ]
    assert written.count("GET / HTTP") == 24
    assert "Traceback" not in written
    assert os.environ["APP_CLIENT_SECRET"] not in written


def test_it_is_tested_with_the_packages_that_it_asks_for():
    lines = (HERE / "requirements.txt").read_text(encoding="utf-8").splitlines()
    wheel, *packages = [line for line in lines if line and not line.startswith("#")]
    version = re.search(r'__version__ = "(.*)"', (ROOT / "python/entra_odbc/__init__.py").read_text(encoding="utf-8"))[1]
    assert wheel == f"./entra_odbc-{version}-py3-none-manylinux_2_28_x86_64.whl[driver,pyodbc]"
    asked_for = dict(line.split("==") for line in packages)
    assert asked_for and asked_for == {name: importlib.metadata.version(name) for name in asked_for}
