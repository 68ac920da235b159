"""What the application answers."""

import hmac
from typing import Annotated

import sqlalchemy
from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from . import anti_forgery
from .account import Account
from .pages import page
from .person import SignInNeeded
from .who import COOKIE, STARTED, bearer, caller, session, started

# For how long a browser may be at Entra's pages.
SIGN_IN_SECONDS = 900

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
    signed_in = session(request)
    if not signed_in:
        # A browser may know of a session that is here no more: too long unused, or the application was started anew.
        return signed_out(request, "Your session has ended. Sign in again." if COOKIE in request.cookies else "")
    try:
        answer = me(request, (signed_in.person, signed_in.account))
    except SignInNeeded:
        request.app.state.sessions.end(signed_in)
        return signed_out(request, "Your sign-in has ended. Sign in again.")
    return page(request, "signed_in.html", database_user=answer["database_user"])


def signed_out(request: Request, notice):
    shown = page(request, "signed_out.html", notice=notice)
    return without_cookie(shown, COOKIE) if notice else shown


@router.post("/auth/sign-in", dependencies=[Depends(anti_forgery.own_form)])
def sign_in(request: Request):
    """Leads the browser to Entra. Whoever is signed in stays so until somebody has come back from there."""
    state = request.app.state
    before = started(request)
    if before:
        state.sessions.end(before)
    account = Account(state.settings)
    flow = account.start(str(request.url_for("callback")))
    to_entra = RedirectResponse(flow["auth_uri"], 303)
    return with_cookie(to_entra, STARTED, state.sessions.new(flow=flow, account=account), SIGN_IN_SECONDS)


@router.get("/auth/callback")
def callback(request: Request):
    """The browser is back from Entra, which returns it to no other address, after a sign-out either.

    Other sites can lead a browser here as well, but do not know the state of the sign-in that it has started: without
    that, nothing changes.
    """
    if not request.query_params:
        return RedirectResponse("/", 303)
    state = request.app.state
    back = started(request)
    if not back:
        raise SignInNeeded("this browser has not started a sign-in, or too long ago")
    if not hmac.compare_digest(request.query_params.get("state", "").encode(), back.flow["state"].encode()):
        raise SignInNeeded("this is no answer to the sign-in that this browser has started")
    # Good for one answer.
    state.sessions.end(back)
    person = back.account.finish(back.flow, dict(request.query_params))
    before = session(request)
    if before:
        state.sessions.end(before)
        if before.person != person:
            state.pools.close(before.person)
    home_again = without_cookie(RedirectResponse("/", 303), STARTED)
    return with_cookie(home_again, COOKIE, state.sessions.new(person=person, account=back.account))


@router.post("/auth/sign-out", dependencies=[Depends(anti_forgery.own_form)])
def sign_out(request: Request):
    """Ends the session and the person's connections, here and then at Entra."""
    state = request.app.state
    signed_in = session(request)
    if not signed_in:
        return RedirectResponse("/", 303)
    state.sessions.end(signed_in)
    state.pools.close(signed_in.person)
    response = RedirectResponse(signed_in.account.sign_out_address(str(request.url_for("callback"))), 303)
    return without_cookie(response, COOKIE)


@router.delete("/me", status_code=204, dependencies=[Depends(anti_forgery.same_origin)])
def leave(request: Request, who: Annotated[tuple, Depends(bearer)]):
    """Ends the connections of a person who came with a token; the token itself is Entra's to end."""
    request.app.state.pools.close(who[0])


def with_cookie(response: Response, name, of_session, seconds=None):
    response.set_cookie(name, of_session.id, max_age=seconds, secure=True, httponly=True, samesite="lax")
    return response


def without_cookie(response: Response, name):
    response.delete_cookie(name, secure=True, httponly=True, samesite="lax")
    return response
