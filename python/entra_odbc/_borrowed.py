"""Sign-in by somebody else's credential: azure-identity's, or whatever has its `get_token`."""

from __future__ import annotations

from . import _structs
from ._token import Identity, claims_of, owner_of, scope_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Protocol

    class TokenSource(Protocol):
        """Any credential of azure-identity, or whatever else has its `get_token`."""

        def get_token(self, *scopes: str, **kwargs: Any) -> Any: ...


AZURE_SQL = "https://database.windows.net/.default"


def no_coroutine(token: Any) -> Any:
    """What a credential or function answered, unless it wants to be awaited, which nobody here does."""
    if hasattr(token, "__await__"):
        getattr(token, "close", lambda: None)()
        raise TypeError("an asynchronous credential cannot be used here: take the one without .aio from azure.identity")
    return token


class Borrowed:
    """A credential that gets and keeps its tokens itself, and is asked each time."""

    def __init__(self, source: TokenSource) -> None:
        if not callable(getattr(source, "get_token", None)):
            raise TypeError("a connection string, keywords, or an object with get_token(), such as azure-identity's")
        self.source = source
        self._last = (b"", b"")

    def token(self, scope: str | None, **options: Any) -> tuple[str, int]:
        """A token's text and end."""
        token = no_coroutine(self.source.get_token(scope_of(scope or AZURE_SQL), **options))
        return token.token, int(token.expires_on)

    def identity(self, scope: str | None, _timeout: float | None) -> Identity:
        """Whom the token names."""
        text, ends = self.token(scope)
        claims = claims_of(text)

        def first(*names: str) -> str:
            return next((str(claims[name]) for name in names if claims.get(name)), "")

        principal = first("upn", "preferred_username", "unique_name", "app_displayname", "appid", "azp")
        return Identity(principal, first("tid"), first("oid"), first("appid", "azp"), first("aud"), ends)

    def struct(self, scope: str | None, _timeout: float | None) -> tuple[bytes, int]:
        """The struct for Driver 18, held for good, and the end of its token."""
        text, ends = self.token(scope)
        data = _structs.pack(text)
        if data != self._last[0]:
            self._last = (data, _structs.hold(data, ends, owner_of(claims_of(text))))
        return self._last[1], ends
