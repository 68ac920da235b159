"""Credentials: whoever signs in, and their tokens."""

from __future__ import annotations

from . import _pooling
from ._borrowed import Borrowed
from ._error import Error
from ._native import Native
from ._string import ended, joined, pairs
from ._token import AccessToken, AccessTokenInfo, Identity, claims_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

    from ._borrowed import TokenSource

SQL_COPT_SS_ACCESS_TOKEN = 1256


class Credential:
    """Someone who signs in, by keywords of a connection string or by a credential of azure-identity.

    >>> Credential("Authentication=ActiveDirectoryMsi")
    >>> Credential(Authentication="ActiveDirectoryServicePrincipal", UID=client_id, PWD=secret, TenantId=tenant)
    >>> Credential(azure.identity.DefaultAzureCredential())
    >>> Credential()                      # Authentication=ActiveDirectoryDefault

    It has the shape of azure.core's TokenCredential, so every Azure SDK client takes it, and it may be used by
    several threads at once. The tokens are kept, renewed and shared by the library, with those of connections that
    the ODBC driver `entra_odbc.driver()` opens in this process: equal keywords cost one request, however many
    Credential objects there are.

    A credential of azure-identity is asked directly each time, and keeps its tokens itself.
    """

    __slots__ = ("__weakref__", "_way")

    def __init__(self, who: str | TokenSource = "", /, **keywords: object) -> None:
        self._way: Native | Borrowed
        if isinstance(who, str):
            string = ended(who) + joined(keywords)
            self._way = Native(string if string.strip() else "Authentication=ActiveDirectoryDefault;")
        elif keywords:
            raise TypeError("either keywords, or a credential of azure-identity, which has its own")
        else:
            self._way = Borrowed(who)

    def get_token(
        self,
        *scopes: str,
        claims: str | None = None,
        tenant_id: str | None = None,
        enable_cae: bool = False,
        timeout: float | None = None,
        **kwargs: Any,
    ) -> AccessToken:
        """A token for a scope: cached, or requested within `timeout` seconds (15).

        A resource without "/.default" is taken as its scope; without any scope it is Azure SQL's. Raises Error.

        A `tenant_id`, which clients of Key Vault and Storage pass, is that of the token or an error. `claims` cannot
        be honoured, and are an error too. `enable_cae` and unknown options are ignored. A credential of azure-identity
        gets all of them but `timeout`, which it does not know.
        """
        scope = the_scope(scopes)
        if isinstance(self._way, Borrowed):
            options = {"claims": claims, "tenant_id": tenant_id, "enable_cae": enable_cae}
            kwargs.update({name: value for name, value in options.items() if value})
            return AccessToken(*self._way.token(scope, **kwargs))
        refuse_claims(claims)
        return of_tenant(tenant_id, *self._way.token(scope, timeout))

    def get_token_info(self, *scopes: str, options: Any = None) -> AccessTokenInfo:
        """The same in the shape of azure.core's SupportsTokenInfo; `options` as azure.core's TokenRequestOptions."""
        token = self.get_token(*scopes, **(options or {}))
        return AccessTokenInfo(token.token, token.expires_on, "Bearer", None)

    def attrs_before(self, *, scope: str | None = None, timeout: float | None = None) -> dict[int, bytes]:
        """The attributes with which pyodbc hands a fresh token to a driver: see `entra_odbc.attrs_before`."""
        _pooling.turn_off()
        return {SQL_COPT_SS_ACCESS_TOKEN: self._way.struct(scope, timeout)[0]}

    def identity(self, *, scope: str | None = None, timeout: float | None = None) -> Identity:
        """Whom the token names: principal, tenant, object and client id, audience, end."""
        return self._way.identity(scope, timeout)

    def close(self) -> None:
        """Does nothing; here for the shape of azure.core."""

    def __enter__(self) -> Credential:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        way = self._way
        if isinstance(way, Borrowed):
            return f"Credential({type(way.source).__name__})"
        kind = next((value for name, value, _ in pairs(way.string) if name in ("authentication", "fedauth")), "")
        return f"Credential(Authentication={kind})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Credential belongs to its process: make one from the same keywords in the other")

    # Immutable, so a copy of it is itself: Django copies settings.
    def __copy__(self) -> Credential:
        return self

    def __deepcopy__(self, _: object) -> Credential:
        return self


def the_scope(scopes: tuple[str, ...]) -> str | None:
    """The one scope that get_token was called with; None where it was called without."""
    if len(scopes) > 1:
        raise ValueError("one scope at a time")
    scope = scopes[0] if scopes else None
    if scope is not None and not isinstance(scope, str):
        raise TypeError("a scope is a str")
    return scope


def refuse_claims(claims: str | None) -> None:
    """An Error where a claims challenge is to be answered."""
    if claims:
        message = "get_token(claims=…) is not supported. A credential of azure-identity answers claims challenges."
        raise Error("HYC00", 0, message)


def of_tenant(tenant_id: str | None, text: str, expires_on: int) -> AccessToken:
    """The token, or an Error where it is of another tenant than the one that is asked for."""
    if tenant_id and str(claims_of(text).get("tid")).lower() != tenant_id.lower():
        message = f"the token is not of the tenant {tenant_id}. Name that by TenantId= in the keywords."
        raise Error("HYC00", 0, message)
    return AccessToken(text, expires_on)


def credential_of(who: str | Credential | TokenSource | None, keywords: dict[str, object]) -> Credential:
    """The credential that a caller means."""
    if isinstance(who, Credential):
        if keywords:
            raise TypeError("either a Credential or keywords")
        return who
    return Credential("" if who is None else who, **keywords)
