"""Tokens for programs that connect through Microsoft's driver by themselves."""

from __future__ import annotations

from . import _pooling
from ._credential import SQL_COPT_SS_ACCESS_TOKEN, Credential, credential_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._borrowed import TokenSource


def attrs_before(
    who: str | Credential | TokenSource | None = None,
    /,
    *,
    scope: str | None = None,
    timeout: float | None = None,
    **keywords: object,
) -> dict[int, bytes]:
    """`attrs_before=` for pyodbc.connect: a fresh token for a connection through Microsoft's own driver.

    >>> credential = entra_odbc.Credential("Authentication=ActiveDirectoryMsi")
    >>> pyodbc.connect(string, attrs_before=entra_odbc.attrs_before(credential))

    `who` is a Credential, a credential of azure-identity, or keywords as those of a connection string; None with no
    keywords is `Authentication=ActiveDirectoryDefault`. Without `scope` the token is for Azure SQL. Raises Error.

    Where unixODBC pools connections, it knows them by their string alone: through Microsoft's driver, another person's
    token beside an equal string gets the first one's connection. From 2.3.12 on it does so because pyodbc asks for it:
    this sets `pyodbc.pooling = False`, which counts until pyodbc's first connect. It also does so by `Pooling=Yes` in
    odbcinst.ini: there the strings of different people must differ, by `APP=` for instance. `connect` and `driver` see to
    it themselves.

    Driver 18 keeps the address of the struct, so this package keeps the struct: always, and without growing, since
    after its token's end the next token of the same identity is written into it.
    """
    if type(who) is Credential and not keywords:
        _pooling.turn_off()
        return {SQL_COPT_SS_ACCESS_TOKEN: who._way.struct(scope, timeout)[0]}
    return credential_of(who, keywords).attrs_before(scope=scope, timeout=timeout)
