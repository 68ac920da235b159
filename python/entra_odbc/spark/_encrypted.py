"""Options that Spark's logs may show, encrypted by a key that goes to Spark's workers in another way.

Spark redacts options by their names. A server of Spark Connect posts each request to its event log and UI as text
(`SparkListenerConnectOperationStarted`, Spark 4.3), and redacts that by `spark.redaction.string.regex` alone, which nobody
sets. Of binary fields that text has eight bytes. The key is an attribute of the data source's class, which is such a field.
"""

from __future__ import annotations

from .._error import Error
from .._fork import Lock

PREFIX = "encrypted:"

# By session, so that those of one cannot read what another was given.
_keys: dict[str, bytes] = {}
_lock = Lock()


def key_of(session: str) -> bytes:
    """The key of a session, which is the same one for as long as this process lives."""
    from cryptography.fernet import Fernet

    made = Fernet.generate_key()
    with _lock:
        return _keys.setdefault(session, made)


def encrypted(session: str, value: str) -> str:
    """The value of an option for this session; an Error where `key_of` was not called for it."""
    from cryptography.fernet import Fernet

    with _lock:
        key = _keys.get(session)
    if key is None:
        raise Error("HY010", 0, "this process has not called entra_odbc.spark.register(spark) for this session")
    return PREFIX + Fernet(key).encrypt(value.encode()).decode()


def decrypted(name: str, value: str, key: bytes) -> str:
    """What `encrypted` was given, by the key of the registered class; a value that is not encrypted as it is."""
    if not value.startswith(PREFIX):
        return value
    from cryptography.fernet import Fernet, InvalidToken

    try:
        return Fernet(key).decrypt(value.removeprefix(PREFIX)).decode()
    except (InvalidToken, ValueError):
        raise Error(
            "28000",
            0,
            f"the option {name} was encrypted for another session."
            " Make it for this one, in the process that calls entra_odbc.spark.register(spark)",
        ) from None
