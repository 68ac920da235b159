"""What the application answers."""

from html import escape
from typing import Annotated

import sqlalchemy
from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from .account import Account
from .person import SignInNeeded
from .who import COOKIE, caller, session

router = APIRouter()


@router.get("/me")
def me(request: Request, who: Annotated[tuple, Depends(caller)]):
    """Who the database says is asking."""
    person, sign_in = who
    with request.app.state.pools.connection(person, sign_in) as connection:
        name = connection.execute(sqlalchemy.text("SELECT SUSER_SNAME()")).scalar_one()
    return {"database_user": name, "object_id": person.object_id}


@router.get("/", response_class=HTMLResponse)
def home(request: Request):
    nobody = page("<p id='who'>Nobody is signed in.</p><a id='sign-in' href='/auth/sign-in'>Sign in</a>")
    signed_in = session(request)
    if not (signed_in and signed_in.person):
        return nobody
    try:
        answer = me(request, (signed_in.person, signed_in.account))
    except SignInNeeded:
        request.app.state.sessions.end(signed_in)
        return nobody
    return page(
        f"<p>The database knows you as <b id='who'>{escape(answer['database_user'])}</b>.</p>"
        "<form method='post' action='/auth/sign-out'><button id='sign-out'>Sign out</button></form>"
    )


@router.get("/auth/sign-in")
def sign_in(request: Request):
    """Leads the browser to Entra."""
    state = request.app.state
    before = session(request)
    if before:
        state.sessions.end(before)
    account = Account(state.settings)
    flow = account.start(str(request.url_for("callback")))
    started = state.sessions.new(flow=flow, account=account)
    return with_cookie(RedirectResponse(flow["auth_uri"], 303), started)


@router.get("/auth/callback")
def callback(request: Request):
    """The browser is back from Entra, which returns it to no other address, after a sign-out either."""
    if not request.query_params:
        return RedirectResponse("/", 303)
    sessions = request.app.state.sessions
    started = session(request)
    if not (started and started.flow):
        raise SignInNeeded("this browser has not started a sign-in, or too long ago")
    sessions.end(started)
    person = started.account.finish(started.flow, dict(request.query_params))
    return with_cookie(RedirectResponse("/", 303), sessions.new(person=person, account=started.account))


@router.post("/auth/sign-out")
def sign_out(request: Request):
    """Ends the session and the person's connections, here and then at Entra.

    The cookie's SameSite keeps other sites from signing anybody out.
    """
    state = request.app.state
    signed_in = session(request)
    if not signed_in:
        return RedirectResponse("/", 303)
    state.sessions.end(signed_in)
    if signed_in.person:
        state.pools.close(signed_in.person)
    response = RedirectResponse(signed_in.account.sign_out_address(str(request.url_for("callback"))), 303)
    response.delete_cookie(COOKIE, secure=True, httponly=True, samesite="lax")
    return response


@router.delete("/me", status_code=204)
def leave(request: Request, who: Annotated[tuple, Depends(caller)]):
    """Ends the connections of a person who came with a token; the token itself is Entra's to end."""
    request.app.state.pools.close(who[0])


def with_cookie(response: Response, of_session):
    response.set_cookie(COOKIE, of_session.id, secure=True, httponly=True, samesite="lax")
    return response


def page(body):
    return HTMLResponse(
        f"<!doctype html><title>Per user</title>{body}",
        headers={"Cache-Control": "no-store", "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'"},
    )
