"""Options that Spark's logs may show, encrypted by a key that goes to Spark's workers in another way.

Spark redacts options by their names, but a server of Spark Connect writes each request to its event log as it came, and
cuts short nothing but binary fields (`SparkListenerConnectOperationStarted`, Spark 4.3). The key is an attribute of the
data source's class, which is sent as such a field.
"""

from __future__ import annotations

from functools import cache

from .._error import Error

PREFIX = "encrypted:"


@cache
def key() -> bytes:
    """The key of this process, which made the session's options and registers the data source."""
    from cryptography.fernet import Fernet

    return Fernet.generate_key()


def encrypted(value: str) -> str:
    """The value of an option such as `connectionSecrets`, for the sessions in which this process has registered the data source.

    >>> spark.read.format("entra_odbc").option("connectionSecrets", entra_odbc.spark.encrypted("PWD=…"))…

    Needed with Spark Connect, whose server writes options to its event log as they are.
    """
    from cryptography.fernet import Fernet

    return PREFIX + Fernet(key()).encrypt(value.encode()).decode()


def decrypted(name: str, value: str, by: bytes) -> str:
    """What `encrypted` was given, by the key of the registered class; a value that is not encrypted as it is."""
    if not value.startswith(PREFIX):
        return value
    from cryptography.fernet import Fernet, InvalidToken

    try:
        return Fernet(by).decrypt(value.removeprefix(PREFIX)).decode()
    except (InvalidToken, ValueError):
        raise Error(
            "28000",
            0,
            f"the option {name} was encrypted for another session."
            " Make it in the process that calls entra_odbc.spark.register(spark)",
        ) from None
