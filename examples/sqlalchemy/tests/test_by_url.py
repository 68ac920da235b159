"""The engine of by_url.py, as several sign-in kinds and from many threads."""

import json
import os
import sys
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from sqlalchemy import func, select

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import by_url


def control(path, method="GET"):
    address = os.environ.get("PLAYGROUND")
    if not address:
        pytest.exit("There are no stand-ins: start the tests by the command in README.md.", 2)
    with urllib.request.urlopen(urllib.request.Request(address + path, method=method)) as answer:
        return json.load(answer)


@pytest.fixture(scope="module")
def told():
    return control("/")


def test_without_keywords_it_is_the_machine(told, capsys):
    by_url.main([])
    who, *databases = capsys.readouterr().out.splitlines()
    assert who == f"{told['system_assigned']['client_id']}@{told['tenant_id']}"
    assert "  master" in databases


def test_an_application_with_a_secret_that_needs_care_in_urls(told, capsys):
    app = told["app"]
    by_url.main(
        [
            "Authentication=ActiveDirectoryServicePrincipal",
            f"UID={app['client_id']}",
            f"ClientSecret={app['secret']}",
            f"TenantId={told['tenant_id']}",
        ]
    )
    assert capsys.readouterr().out.splitlines()[0] == f"{app['client_id']}@{told['tenant_id']}"


def test_a_token(told, capsys):
    by_url.main([f"AccessToken={told['user']['token']}"])
    assert capsys.readouterr().out.splitlines()[0] == told["user"]["name"]


def test_threads_share_one_token_request(told):
    sign_in = {"Authentication": "ActiveDirectoryMsi", "ClientId": told["user_assigned"]["client_id"]}
    engine = by_url.engine(sign_in)
    control("/requests/clear", "POST")
    together = Barrier(10)

    def who(_):
        with engine.connect() as connection:
            together.wait(60)
            return connection.scalar(select(func.suser_sname()))

    with ThreadPoolExecutor(10) as threads:
        answers = list(threads.map(who, range(10)))
    assert answers == [f"{told['user_assigned']['client_id']}@{told['tenant_id']}"] * 10
    assert len(control("/requests")) == 1


def test_a_lost_connection_is_opened_anew(told):
    engine = by_url.engine({"Authentication": "ActiveDirectoryMsi"})
    for _ in range(2):
        with engine.connect() as connection:
            assert connection.scalar(select(func.suser_sname()))
        control("/connections/drop", "POST")
