"""Keeps other sites from acting in a user's name: what changes something comes from a page of this application.

Another site can have a browser send a form here, with the cookies of this application where SameSite lets them go: from
another host of the same site always. It can neither read nor set a `__Host-` cookie, and so does not know what the
form has to repeat (OWASP: "double-submit cookie").
"""

import hmac
import re
import secrets
from urllib.parse import parse_qs

from fastapi import HTTPException, Request

COOKIE = "__Host-form"
FIELD = "form_token"
FORM = re.compile("[A-Za-z0-9_-]{43}")
LARGEST = 4096


def token_of(request: Request):
    """What the forms of a page repeat: that of pages which are open already, if any."""
    token = request.cookies.get(COOKIE, "")
    return token if FORM.fullmatch(token) else secrets.token_urlsafe(32)


def with_cookie(response, token):
    """The page whose forms have that field."""
    response.set_cookie(COOKIE, token, secure=True, httponly=True, samesite="lax")
    return response


def same_origin(request: Request):
    """Refuses what a browser says another origin has caused. Other programs say nothing of it.

    Not by `Origin`, which needs to know by which address a proxy is reached.
    """
    if request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
        raise HTTPException(403, "This has to come from a page of this application.")


async def own_form(request: Request):
    """Refuses a form that is from no page of this application."""
    same_origin(request)
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > LARGEST:
            raise HTTPException(413, "The form is too long.")
    sent = parse_qs(body.decode("ascii", "replace")).get(FIELD, [""])[0]
    expected = request.cookies.get(COOKIE, "")
    if not expected or not hmac.compare_digest(sent.encode(), expected.encode()):
        raise HTTPException(403, "The page is too old, or not of this application: load it again.")
