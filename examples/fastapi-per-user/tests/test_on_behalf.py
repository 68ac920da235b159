"""What the application gets for its callers' tokens: kept alive without them, and refused in words."""

import time

from conftest import Served, command


def test_tokens_are_renewed_without_the_caller_while_a_connection_is_open(app, playground):
    token = playground.token(playground.grace)
    playground.lifetime(3)
    with app.client(headers={"Authorization": f"Bearer {token}"}) as client:
        assert client.get("/me").json()["database_user"] == playground.grace["name"]
        [first] = playground.logins()

        # The driver renews by itself: time is the event here.
        until = time.monotonic() + 60
        while not renewed(playground) or time.time() <= first["claims"]["exp"] + 1:
            assert time.monotonic() < until, playground.requests("/token")
            time.sleep(0.05)

        # The server closes the connection; the next one signs in with the renewed token.
        playground.drop_connections()
        assert client.get("/me").json()["database_user"] == playground.grace["name"]
    last = playground.logins()[-1]
    assert last["claims"]["uti"] != first["claims"]["uti"]
    assert last["claims"]["oid"] == first["claims"]["oid"]
    exchanged = [one for one in playground.requests("/token") if "assertion" in one["form"]]
    assert len(exchanged) == 1, "the caller's token was exchanged once"


def renewed(playground):
    return [one for one in playground.requests("/token") if one["form"].get("grant_type") == "refresh_token"]


def test_a_refusal_says_why_and_has_no_secret_in_it(playground):
    secret = "wrong~secret;of}the application"
    token = playground.token(playground.ada)
    app = Served(command(), APP_CLIENT_SECRET=secret)
    with app.client(headers={"Authorization": f"Bearer {token}"}) as client:
        answer = client.get("/me")
    app.end()
    assert answer.status_code == 403
    assert "AADSTS7000215" in answer.text
    assert secret not in answer.text
    assert token not in answer.text
