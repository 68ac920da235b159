"""The pages: templates with a policy that lets them have their own style, and nothing else."""

from pathlib import Path

from fastapi import Request
from fastapi.staticfiles import StaticFiles
from fastapi.templating import Jinja2Templates

from . import anti_forgery

HERE = Path(__file__).parent
static = StaticFiles(directory=HERE / "static")
# Jinja2 escapes what it puts into them, whoever has said it.
templates = Jinja2Templates(HERE / "templates")

HEADERS = {
    "Cache-Control": "no-store",
    # Without `form-action`: Chromium applies it to the redirects of a form as well, and "Sign in" leads to Entra, and from
    # there to whoever an organization has its people's passwords checked by.
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def wanted(request: Request):
    """Whether a page is the answer that suits: a person's browser names HTML first, and carries no bearer token."""
    if "authorization" in request.headers:
        return False
    html = _preference(request.headers.get("accept", ""), "text/html")
    return html > 0 and html >= _preference(request.headers.get("accept", ""), "application/json")


def _preference(accept, kind):
    """The weight that a header `Accept` gives to a type by its name (RFC 9110, 12.5.1); `*/*` names none."""
    for part in accept.split(","):
        name, *parameters = (word.strip().lower() for word in part.split(";"))
        if name == kind:
            weights = [parameter[2:] for parameter in parameters if parameter.startswith("q=")]
            try:
                return float(weights[0]) if weights else 1.0
            except ValueError:
                return 0.0
    return 0.0


def page(request: Request, template, status=200, headers=None, **values):
    """A page, with the cookie that its forms need."""
    token = anti_forgery.token_of(request)
    values |= {"form_field": anti_forgery.FIELD, "form_token": token}
    shown = templates.TemplateResponse(request, template, values, status, {**(headers or {}), **HEADERS})
    return anti_forgery.with_cookie(shown, token)
