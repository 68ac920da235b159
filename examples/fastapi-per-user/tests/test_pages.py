"""The pages that people see, and what programs get in their place."""

import asyncio
import os
from types import SimpleNamespace

import httpx
import pyodbc
import pytest
from sqlalchemy.exc import ProgrammingError

from conftest import COOKIE, Form, Served, command
from per_user import pages
from per_user.main import create
from per_user.person import Person
from per_user.settings import Settings

POLICY = "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'"
JSON = {"Accept": "application/json"}
NOWHERE = "SERVER=127.0.0.1,1;LoginTimeout=2;"


@pytest.fixture
def browser(app):
    with app.browser() as browser:
        yield browser


def shows(answer, status, *words):
    """Whether this is one of the application's pages, of that status and with these words and a way back."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-security-policy"] == POLICY
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    page = answer.text
    for part in ['<html lang="en">', '<meta name="viewport"', "<title>", *words]:
        assert part in page, page
    assert page.count("<h1") == 1
    assert any(way in page for way in ['<form method="post"', 'class="button'])
    for never in ["<script", "style=", "Traceback", "eyJ", os.environ["APP_CLIENT_SECRET"]]:
        assert never not in page
    return page


def says(answer, status, words):
    """Whether this is the same for a program."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert words in answer.json()["detail"]
    return answer


def back(browser, headers=None, **answer):
    """The browser starts a sign-in, and comes back from Entra with this."""
    browser.start()
    return browser.get("/auth/callback", params={**answer, "state": browser.state()}, headers=headers)


def test_the_start_page_tells_who_is_signed_in_and_offers_the_other(playground, browser):
    page = shows(browser.get("/"), 200, "Nobody is signed in.")
    assert Form(page).action == "/auth/sign-in"
    assert "notice" not in page
    browser.sign_in(playground.ada)
    page = shows(browser.get("/"), 200, f'<b id="who">{playground.ada["name"]}</b>')
    assert Form(page).action == "/auth/sign-out"


@pytest.mark.parametrize(
    ("error", "description", "title"),
    [
        ("access_denied", "AADSTS65004: User declined to consent.", "You declined the permissions"),
        ("consent_required", "AADSTS65004: User declined to consent.", "You declined the permissions"),
        ("access_denied", "the user canceled the authentication", "You cancelled the sign-in"),
        ("access_denied", "AADSTS53003: Blocked by Conditional Access.", "Entra refused the sign-in"),
        ("server_error", "AADSTS90033: A transient error.", "Entra refused the sign-in"),
    ],
)
def test_a_sign_in_that_entra_refuses_has_a_page_that_says_why(browser, error, description, title):
    answer = {"error": error, "error_description": description}
    page = shows(back(browser, **answer), 401, title, description)
    assert Form(page).action == "/auth/sign-in"
    says(back(browser, JSON, **answer), 401, description)


def test_what_entra_says_is_text_and_nothing_else(browser):
    answer = back(browser, error="access_denied", error_description="<script>alert(1)</script>")
    shows(answer, 401, "&lt;script&gt;alert(1)&lt;/script&gt;")


def test_a_session_that_is_lost_is_said_once(browser):
    browser.kept[COOKIE] = "of-before-the-restart"
    shows(browser.get("/"), 200, "Your session has ended.", "Nobody is signed in.")
    assert COOKIE not in browser.kept
    assert "Your session has ended." not in browser.get("/").text


def test_a_sign_in_that_is_lost_can_be_started_again(browser):
    answer = {"code": "1.A", "state": "of-yesterday"}
    page = shows(browser.get("/auth/callback", params=answer), 401, "The sign-in is lost")
    assert Form(page).action == "/auth/sign-in"
    says(browser.get("/auth/callback", params=answer, headers=JSON), 401, "Sign in again")


def test_who_is_not_signed_in_is_offered_to(browser):
    answer = browser.get("/me")
    assert Form(shows(answer, 401, "Sign in first")).action == "/auth/sign-in"
    assert answer.headers["www-authenticate"] == "Bearer"
    assert says(browser.get("/me", headers=JSON), 401, "Sign in first.").headers["www-authenticate"] == "Bearer"


def test_a_database_that_does_not_answer_is_no_fault_of_the_persons(playground):
    app = Served(command(), DATABASE=os.environ["DATABASE"].partition("SERVER=")[0] + NOWHERE)
    with app.browser() as browser:
        browser.sign_in(playground.ada)
        answer = browser.get("/")
        shows(answer, 503, "The database does not answer", "Try again", "Sign out")
        assert answer.headers["retry-after"] == "5"
        says(browser.get("/me", headers=JSON), 503, "The database does not answer.")
        # Whoever comes with a token is a program, whatever else it says.
        token = {"Authorization": f"Bearer {playground.token(playground.ada)}"}
        says(browser.get("/me", headers=token), 503, "The database does not answer.")
        shows(browser.get("/"), 503)
    app.end()


def test_a_person_whom_the_database_does_not_know_reads_whom_to_ask(playground, browser):
    browser.sign_in(playground.ada)
    words = "Login failed for user '<token-identified principal>'."
    playground.refuse_next_login(words)
    page = shows(browser.get("/"), 403, "You are not known to the database", f"no user for {playground.ada['name']}")
    assert "18456" in page and Form(page).action == "/auth/sign-out"
    playground.refuse_next_login(words)
    says(browser.get("/me", headers=JSON), 403, "no user for this identity")
    playground.refuse_next_login(f"{words} Token is expired.")
    shows(browser.get("/"), 403, "The database refused the sign-in", "Details")
    shows(browser.get("/"), 200, playground.ada["name"])


def test_an_entra_that_does_not_answer_is_said_too():
    app = Served(command(), AZURE_AUTHORITY_HOST="https://127.0.0.1:1")
    with app.browser() as browser:
        fields = Form(browser.get("/").text).fields
        shows(browser.post("/auth/sign-in", data=fields), 503, "Entra does not answer")
        says(browser.post("/auth/sign-in", data=fields, headers=JSON), 503, "Entra does not answer")
    app.end()


def test_what_is_not_there_or_not_allowed_leads_back(browser):
    shows(browser.get("/nowhere"), 404, "There is no such page", 'href="/"')
    says(browser.get("/nowhere", headers=JSON), 404, "Not Found")
    shows(browser.post("/auth/sign-in"), 403, "Not allowed", "load it again")
    shows(browser.get("/auth/sign-in"), 405, "Not possible this way")


def failing(error):
    """How the start page of somebody who is signed in answers who accepts this, if the database's connection fails so."""
    app = create(Settings.of_environment())

    def fail(*_):
        raise error

    app.state.pools = SimpleNamespace(connection=fail)
    session = app.state.sessions.new(person=Person("contoso", "ada"))

    async def ask(accept):
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await client.get("/", headers={"Accept": accept, "Cookie": f"{COOKIE}={session.id}"})

    return lambda accept: asyncio.run(ask(accept))


def test_a_fault_of_the_application_shows_nothing_of_itself(playground):
    ask = failing(RuntimeError("the secret that is in this error"))
    page = shows(ask("text/html"), 500, "Something went wrong", "Try again")
    assert "RuntimeError" not in page and "secret" not in page
    answer = says(ask("application/json"), 500, "Internal Server Error")
    assert answer.json() == {"detail": "Internal Server Error"}


@pytest.mark.parametrize(
    ("state", "status", "title", "told"),
    [
        ("42000", 403, "The database refused the request", "The SELECT permission was denied"),
        ("HY000", 500, "Something went wrong", "Internal Server Error"),
    ],
)
def test_a_statement_that_the_server_refuses_is_told_by_its_sqlstate(playground, state, status, title, told):
    message = "The SELECT permission was denied on the object 'orders'. (229)"
    ask = failing(ProgrammingError("SELECT …", None, pyodbc.ProgrammingError(state, message)))
    page = shows(ask("text/html"), status, title)
    assert ("SELECT permission" in page) is (status == 403)
    says(ask("application/json"), status, told)


@pytest.mark.parametrize(
    ("accept", "is_page"),
    [
        ("text/html,application/xhtml+xml,*/*;q=0.8", True),
        ("text/html", True),
        ("application/json, text/html;q=0.5", False),
        ("application/json;q=0.5, text/html", True),
        ("application/json", False),
        ("*/*", False),
        ("", False),
        ("text/html;q=0", False),
        ("text/html;q=much", False),
    ],
)
def test_a_page_is_for_who_prefers_html(accept, is_page):
    assert pages.wanted(SimpleNamespace(headers={"accept": accept})) is is_page
    assert not pages.wanted(SimpleNamespace(headers={"accept": accept, "authorization": "Bearer x"}))
