"""What other sites can have a browser do: neither sign anybody in or out, nor end what is there."""

import pytest

from conftest import COOKIE, Form

STARTED = "__Host-sign-in"


@pytest.fixture
def browser(app):
    with app.browser() as browser:
        yield browser


def who(browser):
    answer = browser.get("/me")
    return answer.json().get("database_user") if answer.status_code == 200 else answer.status_code


@pytest.mark.parametrize("path", ["/auth/sign-in", "/auth/sign-out"])
def test_nothing_changes_without_a_form_of_the_applications_own_page(app, playground, browser, path):
    browser.sign_in(playground.ada)
    fields = Form(browser.get("/").text).fields
    [(name, token)] = fields.items()
    with app.browser() as other:
        others = Form(other.get("/").text).fields[name]
    kept = dict(browser.kept)

    assert browser.get(path).status_code == 405
    for sent in [{}, {name: ""}, {name: "guessed"}, {name: others}, {name: token[:-1]}]:
        assert browser.post(path, data=sent).status_code == 403, sent
    for site in ["cross-site", "same-site", "none"]:
        assert browser.post(path, data=fields, headers={"Sec-Fetch-Site": site}).status_code == 403, site
    assert browser.post(path, data=fields | {"much": "x" * 5000}).status_code == 413
    # Without the cookie, an empty field is no match.
    del browser.kept["__Host-form"]
    assert browser.post(path, data={name: ""}).status_code == 403

    # Which the page of the refusal has a new one for.
    browser.kept.pop("__Host-form")
    assert {name: kept[name] for name in browser.kept} == browser.kept
    assert who(browser) == playground.ada["name"]
    browser.kept = kept
    assert browser.post(path, data=fields, headers={"Sec-Fetch-Site": "same-origin"}).status_code == 303


def test_who_is_signed_in_stays_so_until_somebody_else_has_come_back_from_entra(app, playground, browser):
    browser.sign_in(playground.ada)
    adas = browser.kept[COOKIE]
    browser.start()
    assert who(browser) == playground.ada["name"]
    assert browser.kept[COOKIE] == adas

    # Another site leads the browser to the address to which Entra returns it.
    for answer in [{"code": "1.A", "state": "guessed"}, {"error": "access_denied", "state": "guessed"}, {"code": "1.A"}]:
        assert browser.get("/auth/callback", params=answer).status_code == 401
    assert who(browser) == playground.ada["name"]

    # The sign-in is still good, and ends the session that it replaces.
    browser.finish(playground.grace)
    assert who(browser) == playground.grace["name"]
    assert STARTED not in browser.kept
    with app.client(headers={"Cookie": f"{COOKIE}={adas}"}) as client:
        assert client.get("/me").status_code == 401


def test_a_sign_in_that_entra_refuses_leaves_the_session_there(playground, browser):
    browser.sign_in(playground.ada)
    browser.start()
    refused = {"error": "access_denied", "error_description": "declined", "state": browser.state()}
    assert browser.get("/auth/callback", params=refused).status_code == 401
    assert who(browser) == playground.ada["name"]
    # One answer for one sign-in.
    assert "not started" in browser.get("/auth/callback", params=refused).text


def test_an_answer_that_this_browser_did_not_ask_for_signs_nobody_in(browser):
    answer = {"code": "1.A", "state": "guessed"}
    assert browser.get("/auth/callback", params=answer).status_code == 401
    browser.start()
    assert browser.get("/auth/callback", params=answer).status_code == 401
    assert who(browser) == 401


def test_a_sign_in_on_its_way_is_no_session_and_a_session_is_none(app, playground, browser):
    browser.start()
    started = browser.kept[STARTED]
    with app.client(headers={"Cookie": f"{COOKIE}={started}"}) as client:
        assert client.get("/me").status_code == 401
    browser.finish(playground.ada)
    signed_in = browser.kept[COOKIE]
    with app.client(headers={"Cookie": f"{STARTED}={signed_in}"}) as client:
        assert client.get("/auth/callback", params={"code": "1.A", "state": "x"}).status_code == 401
    assert who(browser) == playground.ada["name"]


def test_connections_are_ended_by_who_came_with_a_token_alone(app, playground, browser):
    browser.sign_in(playground.ada)
    assert who(browser) == playground.ada["name"]
    assert browser.delete("/me").status_code == 401
    token = {"Authorization": f"Bearer {playground.token(playground.ada)}"}
    with app.client(headers=token) as client:
        assert client.delete("/me", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
        assert client.delete("/me").status_code == 204
