"""Credentials for asyncio: `get_token` is awaited, and the event loop goes on meanwhile.

>>> from azure.keyvault.secrets.aio import SecretClient
>>> async with entra_odbc.aio.Credential("Authentication=ActiveDirectoryMsi") as credential:
...     async with SecretClient("https://contoso.vault.azure.net", credential) as client:
...         secret = await client.get_secret("password")
"""

from __future__ import annotations

from ._borrowed import Borrowed
from ._credential import Credential as _Credential
from ._credential import of_tenant, refuse_claims, the_scope
from ._requests import token
from ._token import AccessToken, AccessTokenInfo

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any

__all__ = ["Credential"]


class Credential:
    """Someone who signs in, by keywords of a connection string, for programs that run in an asyncio event loop.

    >>> Credential("Authentication=ActiveDirectoryMsi")
    >>> Credential(Authentication="ActiveDirectoryServicePrincipal", UID=client_id, PWD=secret, TenantId=tenant)
    >>> Credential(entra_odbc.Credential())     # the same, for asyncio

    It has the shape of azure.core's AsyncTokenCredential, so every asynchronous client of the Azure SDK takes it. The
    tokens are those of `entra_odbc.Credential`: kept, renewed and shared by the library, with those of connections.
    One object may be used in several event loops. However many tasks await a token, no thread waits for it.

    azure-identity has asynchronous credentials of its own (`azure.identity.aio`): take those as they are.
    """

    __slots__ = ("__weakref__", "_credential", "_native")

    def __init__(self, who: str | _Credential = "", /, **keywords: object) -> None:
        if isinstance(who, _Credential):
            if keywords:
                raise TypeError("either a Credential or keywords")
            self._credential = who
        elif isinstance(who, str):
            self._credential = _Credential(who, **keywords)
        else:
            raise TypeError("a connection string, keywords, or an entra_odbc.Credential")
        way = self._credential._way
        if isinstance(way, Borrowed):
            raise TypeError("for asyncio, take the credential of azure.identity.aio in place of azure.identity's")
        self._native = way

    async def get_token(
        self,
        *scopes: str,
        claims: str | None = None,
        tenant_id: str | None = None,
        enable_cae: bool = False,
        timeout: float | None = None,
        **kwargs: Any,
    ) -> AccessToken:
        """A token for a scope: cached, or requested within `timeout` seconds (15). Raises Error.

        The arguments mean what they mean in `entra_odbc.Credential.get_token`. Cancelling the task breaks the request
        off, a prompt included, unless somebody else waits for the same token.
        """
        scope = the_scope(scopes)
        refuse_claims(claims)
        return of_tenant(tenant_id, *await token(self._native, scope, timeout))

    async def get_token_info(self, *scopes: str, options: Any = None) -> AccessTokenInfo:
        """The same in the shape of azure.core's AsyncSupportsTokenInfo; `options` as its TokenRequestOptions."""
        got = await self.get_token(*scopes, **(options or {}))
        return AccessTokenInfo(got.token, got.expires_on, "Bearer", None)

    async def close(self) -> None:
        """Does nothing; here for the shape of azure.core."""

    async def __aenter__(self) -> Credential:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"aio.{self._credential!r}"
