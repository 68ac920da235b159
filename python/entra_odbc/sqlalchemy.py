"""SQLAlchemy: a fresh token at each connect, and no pooled connection whose token has ended.

>>> engine = sqlalchemy.create_engine("mssql+pyodbc://@contoso.database.windows.net/payroll"
...                                   "?driver=ODBC+Driver+18+for+SQL+Server")
>>> entra_odbc.sqlalchemy.register(engine, DefaultAzureCredential())
"""

from __future__ import annotations

from time import time

import sqlalchemy
from sqlalchemy import event, exc

from . import _pooling
from ._connect import stock_connection_string
from ._credential import SQL_COPT_SS_ACCESS_TOKEN, Credential, credential_of
from ._string import without

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from sqlalchemy.ext.asyncio import AsyncEngine

    from ._borrowed import TokenSource

_ENDS = "entra_odbc.token_ends"
_CANNOT_RESUME_TRANSACTION = 3971


def register(
    engine: sqlalchemy.Engine | AsyncEngine,
    credential: Credential | TokenSource | str | None = None,
    *,
    scope: str | None = None,
    timeout: float | None = None,
    **keywords: object,
) -> None:
    """Has the engine sign in with a fresh token at each new connection, through whatever SQL Server driver it names.

    `credential` is a Credential, one of azure-identity, or keywords as those of a connection string. Without it the
    keywords of the engine's own URL sign in, such as `&Authentication=ActiveDirectoryMsi`. An engine for asyncio
    (aioodbc) is as good.

    A pooled connection whose token has ended is discarded when it is checked out, and another one opened; so is one
    whose socket was lost while a transaction was open, which outside autocommit is always. The engine must be one
    person's or application's: its pool hands any connection to anyone. unixODBC's pool is turned off, as
    `entra_odbc.attrs_before` tells.
    """
    engine = getattr(engine, "sync_engine", engine)
    given = credential_of(credential, keywords) if credential is not None or keywords else None
    by_string: dict[str, Credential] = {}

    @event.listens_for(engine, "do_connect")
    def sign_in(_dialect: Any, record: Any, arguments: list[Any], parameters: dict[str, Any]) -> None:
        # For aioodbc the string is a keyword.
        string = arguments[0] if arguments else parameters.get("dsn", "")
        who = given or by_string.get(string)
        if who is None:
            by_string.clear()
            who = by_string[string] = Credential(string)
        struct, ends = who._way.struct(scope, timeout)
        _pooling.turn_off()
        # Driver 18 refuses a token beside Trusted_Connection, which SQLAlchemy adds by itself.
        string = without(stock_connection_string(string), "trusted_connection")
        if arguments:
            arguments[0] = string
        else:
            parameters["dsn"] = string
        parameters["attrs_before"] = {**parameters.get("attrs_before", {}), SQL_COPT_SS_ACCESS_TOKEN: struct}
        if record is not None:
            record.info[_ENDS] = ends

    @event.listens_for(engine, "handle_error")
    def lost(context: Any) -> None:
        # Driver 18 restores a session whose socket it lost, and goes on naming the transaction that went with it: each
        # statement fails with this error of the server's, for ever.
        if f"({_CANNOT_RESUME_TRANSACTION})" in str(context.original_exception):
            context.is_disconnect = True

    @event.listens_for(engine, "checkout")
    def still_good(_connection: Any, record: Any, _proxy: Any) -> None:
        ends = record.info.get(_ENDS)
        if ends and ends <= time():
            raise exc.DisconnectionError("the token that this connection was opened with has ended")
