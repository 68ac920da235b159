"""Connecting by pyodbc through the driver of this package."""

from __future__ import annotations

import ctypes

from ._borrowed import Borrowed
from ._credential import Credential
from ._error import Error
from ._library import find, load
from ._providers import name_of
from ._string import ended, joined, pairs, plain
from ._system import load_odbc, missing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeAlias, overload

    import pyodbc

    from ._borrowed import TokenSource

    # The value of a keyword: True and False are yes and no, and what is None is left out.
    Value: TypeAlias = str | int | bool | None
    Attributes: TypeAlias = dict[int, Any] | None

# What pyodbc.connect takes for itself; every other keyword is part of the connection string.
_PYODBC = frozenset(("ansi", "attrs_before", "autocommit", "driver_completion", "encoding", "readonly", "timeout"))

# The keywords by which a connection string says who signs in, in lower case and as `plain` has them.
WHO = frozenset(
    (
        *("authentication", "fedauth", "uid", "user", "userid", "username", "pwd", "password", "clientsecret"),
        *("pwdfile", "passwordfile", "clientsecretfile", "clientid", "applicationclientid", "msiclientid", "tenantid"),
        *("tenant", "objectid", "resourceid", "msiresourceid", "accesstoken", "accesstokenfile"),
        *("clientcertificate", "clientcertpath", "clientcertificatepassword", "clientkeypassword", "clientkey"),
        *("clientcertificatepasswordfile", "clientkeypasswordfile", "clientassertion", "clientassertionfile"),
        *("tokenfilepath", "serviceconnectionid", "systemtoken", "systemtokenfile", "refreshtoken", "refreshtokenfile"),
        *("userassertion", "userassertionfile", "tokenprovider", "aadsecureprincipalid", "aadsecureprincipalsecret"),
        *("federatedidentity", "managedidentityclientid"),
    )
)


def driver() -> str:
    """The path of the ODBC driver, for `DRIVER=` in a connection string; it needs no entry in odbcinst.ini.

    >>> pyodbc.connect(f"DRIVER={entra_odbc.driver()};SERVER=…;DATABASE=…;Authentication=ActiveDirectoryMsi")
    """
    load()
    # Loads what the driver and pyodbc need. Whether all of it is there is for those to say who connect.
    missing()
    return find()


if TYPE_CHECKING:

    @overload
    def connect(
        string: str = ...,
        /,
        *,
        credential: None = ...,
        ansi: bool = ...,
        attrs_before: Attributes = ...,
        autocommit: bool = ...,
        driver_completion: int = ...,
        encoding: str = ...,
        readonly: bool = ...,
        timeout: int = ...,
        **keywords: Value,
    ) -> pyodbc.Connection: ...

    # Beside a credential no keyword may say who signs in.
    @overload
    def connect(
        string: str = ...,
        /,
        *,
        credential: Credential | TokenSource,
        authentication: None = ...,
        uid: None = ...,
        pwd: None = ...,
        ansi: bool = ...,
        attrs_before: Attributes = ...,
        autocommit: bool = ...,
        driver_completion: int = ...,
        encoding: str = ...,
        readonly: bool = ...,
        timeout: int = ...,
        **keywords: Value,
    ) -> pyodbc.Connection: ...


def connect(
    string: str = "", /, *, credential: Credential | TokenSource | None = None, **keywords: Any
) -> pyodbc.Connection:
    """A pyodbc connection through the driver of this package.

    >>> connect("SERVER=contoso.database.windows.net;DATABASE=payroll;Authentication=ActiveDirectoryMsi")
    >>> credential = DefaultAzureCredential()
    >>> connect(server="contoso.database.windows.net", database="payroll", credential=credential)

    `string` and `keywords` are those of a connection string; what pyodbc.connect takes for itself (autocommit,
    timeout, attrs_before, …) goes there. `DRIVER=` is added unless the string has it or a DSN. `credential` signs in,
    in place of keywords that say who: a Credential, or one of azure-identity, which is not kept: without it, its
    connections get no renewed tokens. Tokens are renewed while a connection is open, so that Driver 18 can restore it
    when it is lost.

    Failures are pyodbc's own exceptions; Error says what the system lacks.
    """
    own = {name: keywords.pop(name) for name in _PYODBC & keywords.keys()}
    string = ended(string) + joined(keywords)
    if credential is not None:
        who = next((name for name, *_ in pairs(string) if plain(name) in WHO), None)
        if who is not None:
            raise TypeError(f"either credential= or {who}=: together they might sign in somebody else")
        string = f"{ended(string)}{_signing_in(credential)}"
    if not any(name in ("driver", "dsn", "filedsn") for name, *_ in pairs(string)):
        string = f"DRIVER={{{driver()}}};{string}"
    return _pyodbc().connect(string, **own)


def _signing_in(credential: Credential | TokenSource) -> str:
    if not isinstance(credential, Credential):
        if not callable(getattr(credential, "get_token", None)):
            raise TypeError("credential is a Credential, or an object with get_token(), such as azure-identity's")
        return joined({"Authentication": "TokenProvider", "TokenProvider": name_of(credential)})
    way = credential._way
    return _signing_in(way.source) if isinstance(way, Borrowed) else way.string


def _pyodbc() -> Any:
    load_odbc()
    try:
        import pyodbc
    except ModuleNotFoundError:
        raise Error("IM003", 0, "pyodbc is missing. Install it: pip install pyodbc") from None
    return pyodbc


def stock_connection_string(string: str) -> str:
    """The connection string as Microsoft's own driver takes it beside a token: without the keywords of this package.

    An Error where a token may not go to the server: docs/trust.md has the rules.
    """
    from ._string import utf8

    library = load()
    text = ctypes.c_void_p()
    library.call(library.stock_connection_string, utf8(string), ctypes.byref(text))
    try:
        stock: str = library.text_value(text).decode()
        return stock
    finally:
        library.text_free(text)
