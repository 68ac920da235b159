"""What goes wrong: a page for a person's browser, JSON for programs, with the same status."""

import logging
from dataclasses import dataclass, field

import jwt
import requests
import sqlalchemy
from fastapi import Request
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from . import pages
from .person import SignInCancelled, SignInDeclined, SignInNeeded, SignInRefused
from .pools import TooManyPeople
from .who import session

log = logging.getLogger(__name__)

NO_USER = "the database has no user for this identity"
"""How the driver explains that the server knows nobody by the token's name."""


@dataclass(frozen=True)
class Trouble:
    status: int
    detail: str
    """What programs are told."""
    title: str
    words: str
    """What people are told, below the title."""
    details: str = ""
    """What Entra, the driver or the server says."""
    ways: tuple = ("home",)
    """How a person goes on: "again", "home", "sign-in", "sign-out"."""
    headers: dict = field(default_factory=dict)


def told(request: Request, trouble: Trouble):
    """The answer: what is in it is for everyone to see."""
    if pages.wanted(request):
        values = {"trouble": trouble, "kind": "trouble"}
        return pages.page(request, "trouble.html", trouble.status, trouble.headers, **values)
    return JSONResponse({"detail": trouble.detail}, trouble.status, trouble.headers)


def sign_in_needed(request, reason):
    detail = f"Sign in again: {reason}"
    match reason:
        case SignInDeclined():
            title = "You declined the permissions"
            words = (
                "This application reaches the database in your name, for which it needs your consent. Nothing has been "
                "changed. Sign in again to be asked again; if only an administrator may consent, ask yours."
            )
        case SignInCancelled():
            title, words = "You cancelled the sign-in", "Nothing has been changed."
        case SignInRefused():
            title, words = "Entra refused the sign-in", "Entra says below why. Sign in again once that is settled."
        case _:
            title, words = "The sign-in is lost", "It has ended, or was not started in this browser. Sign in again."
    return told(request, Trouble(401, detail, title, words, str(reason), ("sign-in", "home")))


def busy(request, _reason):
    words = "There are more requests at this moment than can be answered. Wait a few seconds."
    trouble = Trouble(503, "Too busy, try again.", "Busy", words, "", ("again",), {"Retry-After": "5"})
    return told(request, trouble)


def entra_away(request, _reason):
    words = "Nobody can sign in as long as this server does not reach Entra. Wait a little."
    title = "Entra does not answer"
    return told(request, Trouble(503, f"{title}, try again.", title, words, "", ("again",), {"Retry-After": "5"}))


def database(request, error):
    """What the driver and the server say of a refusal has no secret in it, and says what to do."""
    state, message = (*map(str, error.orig.args), "", "")[:2]
    log.warning("the database: [%s] %s", state, message)
    if state.startswith(("08", "HYT")):
        title = "The database does not answer"
        words = "It may be starting, or cannot be reached. Wait a little; you stay signed in."
        trouble = Trouble(503, f"{title}.", title, words, "", ("again", "sign-out"), {"Retry-After": "5"})
    elif NO_USER in message:
        signed_in = session(request)
        name = signed_in.person.name if signed_in else "this account"
        words = (
            f"The database has no user for {name}. Ask its administrator for one, or sign out and come back with another account."
        )
        trouble = Trouble(403, message, "You are not known to the database", words, message, ("again", "sign-out"))
    elif state == "42000":
        # A missing permission mostly, but other refusals of a statement have this SQLSTATE as well.
        words = "The details say why; it may be a permission that you do not have."
        trouble = Trouble(403, message, "The database refused the request", words, message, ("home", "sign-out"))
    elif state != "28000":
        return unexpected(request, error)
    else:
        words = "The database cannot be reached in your name. The details say why."
        trouble = Trouble(403, message, "The database refused the sign-in", words, message, ("again", "sign-out"))
    return told(request, trouble)


def of_http(request, error):
    titles = {401: "Sign in first", 403: "Not allowed", 404: "There is no such page", 405: "Not possible this way"}
    ways = ("sign-in", "home") if error.status_code == 401 else ("home",)
    title = titles.get(error.status_code, "Not possible")
    words = "This page is for those who are signed in." if error.status_code == 401 else f"{error.detail}"
    return told(request, Trouble(error.status_code, error.detail, title, words, "", ways, error.headers or {}))


def unexpected(request, _error):
    """The log has the error itself."""
    words = "This is a fault of the application, and in its log. Try again."
    return told(request, Trouble(500, "Internal Server Error", "Something went wrong", words, "", ("again",)))


def register(app):
    for kind, handler in [
        (SignInNeeded, sign_in_needed),
        (TooManyPeople, busy),
        (sqlalchemy.exc.TimeoutError, busy),
        (jwt.PyJWKClientError, entra_away),
        (requests.RequestException, entra_away),
        (sqlalchemy.exc.DBAPIError, database),
        (HTTPException, of_http),
        (Exception, unexpected),
    ]:
        app.add_exception_handler(kind, handler)
