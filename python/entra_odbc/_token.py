"""What a credential hands out: tokens in the shape of azure.core, and whom they name."""

from __future__ import annotations

from collections import namedtuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NamedTuple

    # For type checkers they are azure.core's own, so that a Credential is one of its credentials to them as well.
    from azure.core.credentials import AccessToken as _AccessToken
    from azure.core.credentials import AccessTokenInfo as _AzuresTokenInfo

    class _AccessTokenInfo(_AzuresTokenInfo):
        def __init__(self, token: str, expires_on: int, token_type: str, refresh_on: int | None) -> None: ...

    class _Identity(NamedTuple):
        principal: str
        tenant_id: str
        object_id: str
        client_id: str
        audience: str
        expires_on: int

else:
    # The same without importing typing, which takes longer than the rest of this package.
    _AccessToken = namedtuple("_AccessToken", "token expires_on")
    _AccessTokenInfo = namedtuple("_AccessTokenInfo", "token expires_on token_type refresh_on")
    _Identity = namedtuple("_Identity", "principal tenant_id object_id client_id audience expires_on")


class AccessToken(_AccessToken):
    """A token and its end in seconds since 1970, like azure.core.credentials.AccessToken.

    Its repr does not show the token.
    """

    __slots__ = ()

    if TYPE_CHECKING:
        # Where azure.core is not installed.
        token: str
        expires_on: int

    def __repr__(self) -> str:
        return f"AccessToken(token='…', expires_on={self.expires_on})"


class AccessTokenInfo(_AccessTokenInfo):
    """A token as azure.core's SupportsTokenInfo hands it out, like azure.core.credentials.AccessTokenInfo.

    `refresh_on` is None: the library renews tokens by itself. Its repr does not show the token.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return f"AccessTokenInfo(token='…', expires_on={self.expires_on}, token_type={self.token_type!r})"


class Identity(_Identity):
    """Whom a token names, as the token itself says it; "" where it does not.

    `principal` is the name that a person signs in with, or the application's name or id; the others are ids, the
    audience whom the token is for, and the token's end in seconds since 1970.
    """

    __slots__ = ()


def scope_of(resource: str) -> str:
    """The scope that is meant: a resource gets "/.default", a scope stays as it is."""
    resource = resource.strip()
    _, _, path = resource.rpartition("://")
    _, slash, path = path.partition("/")
    return resource if slash and path.strip("/") else f"{resource.rstrip('/')}/.default"


def claims_of(text: str) -> dict[str, object]:
    """What a token says, unverified: {} where it is none that can be read."""
    import base64
    import json

    try:
        _, payload, _ = text.split(".")
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except ValueError:
        return {}
    return claims if isinstance(claims, dict) else {}


def owner_of(claims: dict[str, object]) -> str | None:
    """`owner` of a token's claims."""
    client = claims.get("appid") or claims.get("azp")
    return owner(claims.get("tid"), claims.get("oid"), client, claims.get("aud"))


def owner(tenant: object, person: object, client: object, audience: object) -> str | None:
    """A name for the one whom a token is of and for, which is never that of anyone else.

    None where the token does not say: it takes the tenant and the object in it, who may be a person or an application.
    """
    if not (isinstance(tenant, str) and tenant and isinstance(person, str) and person):
        return None
    return f"{tenant}/{person}/{client or ''}/{audience or ''}"
