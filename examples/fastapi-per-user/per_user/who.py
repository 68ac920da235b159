"""Who sends a request, whichever way they came in."""

from fastapi import HTTPException, Request

from .bearer import NotAccepted, OnBehalf

COOKIE = "__Host-session"
STARTED = "__Host-sign-in"


def session(request: Request):
    """The browser's session, if somebody is signed in."""
    found = request.app.state.sessions.find(request.cookies.get(COOKIE))
    return found if found and found.person else None


def started(request: Request):
    """The sign-in that the browser is on its way with, beside the session that it may have until then."""
    found = request.app.state.sessions.find(request.cookies.get(STARTED))
    return found if found and found.flow else None


def bearer(request: Request):
    """The person who came with a token, and how their connections sign in; waits for Entra's keys."""
    token = presented(request.headers)
    if token is None:
        raise unauthorized()
    state = request.app.state
    try:
        return state.bearer.check(token), OnBehalf(state.settings, token)
    except NotAccepted as reason:
        raise unauthorized("invalid_token", str(reason)) from None


def caller(request: Request):
    """The person, and how their connections sign in. A plain function, so that it may wait for Entra's keys."""
    if presented(request.headers) is not None:
        return bearer(request)
    signed_in = session(request)
    if signed_in:
        return signed_in.person, signed_in.account
    raise unauthorized()


def presented(headers):
    """The Entra token of the request: the caller's own, or the one that App Service's sign-in hands on.

    Nobody needs to trust the header: the token is checked like any other. Databricks Apps' `X-Forwarded-Access-Token`
    is not looked at: it is Databricks' token, with which Entra exchanges nothing.
    """
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return token.strip()
    return headers.get("x-ms-token-aad-access-token")


def unauthorized(error="", description=""):
    challenge = "Bearer" + (f' error="{error}"' if error else "")
    return HTTPException(401, description or "Sign in first.", {"WWW-Authenticate": challenge})
