"""Django with mssql-django: its setting `TOKEN`, fresh at each connect.

>>> DATABASES = {"default": {
...     "ENGINE": "mssql",
...     "HOST": "contoso.database.windows.net",
...     "NAME": "payroll",
...     "OPTIONS": {"driver": "ODBC Driver 18 for SQL Server"},
...     "TOKEN": entra_odbc.django.token("Authentication=ActiveDirectoryMsi"),
... }}
"""

from __future__ import annotations

from . import _pooling
from ._credential import Credential, credential_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._borrowed import TokenSource


def token(who: str | Credential | TokenSource | None = None, /, **keywords: object) -> Token:
    """A value for `TOKEN` in DATABASES: mssql-django finds a fresh token in it at each connect.

    `who` is a Credential, one of azure-identity, or keywords as those of a connection string; None with no keywords
    is `Authentication=ActiveDirectoryDefault`. Nothing is requested before the first connect.
    """
    made = Token("(an Entra token, fresh at each connect)")
    made._credential = credential_of(who, keywords)
    return made


class Token(str):
    """A str that encodes to a fresh token; as text it only says what it is.

    mssql-django (1.1 to 2.0) keeps the settings as they are, and calls `encode()` when it connects.
    """

    _credential: Credential

    def encode(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        _pooling.turn_off()
        return self._credential.get_token().token.encode(encoding, errors)

    # Django copies settings for further threads and for tests.
    def __copy__(self) -> Token:
        return self

    def __deepcopy__(self, _: object) -> Token:
        return self
