"""The options of a read, stream or write: which there are, and what each may be."""

from __future__ import annotations

import difflib
import json

from .._error import Error
from .._string import pairs, plain
from ._encrypted import PREFIX, decrypted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# Names as Spark's JDBC source has them, where it has one.
READ = (
    "query",
    "dbtable",
    "prepareQuery",
    "partitionColumn",
    "lowerBound",
    "upperBound",
    "numPartitions",
    "predicates",
    "hashColumn",
    "pushDownPredicate",
    "fetchSize",
    "limit",
    "maxTextSize",
    "maxBinarySize",
)
STREAM = ("changeColumn", "startingOffset", "maxRowsPerBatch", "visibilityDelay")
# Of READ, those that have no meaning for a stream.
BATCH = ("partitionColumn", "lowerBound", "upperBound", "predicates", "hashColumn", "limit", "pushDownPredicate")
WRITE = ("dbtable", "stagingSchema", "batchSize")
SIGN_IN = ("connection", "connectionSecrets", "tokenBroker", "tokenBrokerSecret", "accessToken", "accessTokenNeededFor")
# Of SIGN_IN, those that may come encrypted, and what makes them so.
_ENCRYPTED = {
    "connectionSecrets": "entra_odbc.spark.encrypted(spark, …)",
    "accessToken": "entra_odbc.spark.token_options(spark, …)",
}
_BROKER = ("tokenBroker", "tokenBrokerSecret")

# What is in the names of keywords that carry a secret, as `plain` has them: ours, Driver 18's, and those of JDBC strings.
_SECRET = ("password", "pwd", "secret", "accesstoken", "refreshtoken", "systemtoken", "assertion", "providerclientkey")
_LOGGED = "Replace the secret: it is in the log of Spark's server by now"


class Options:
    """Options by name, without regard to case; an Error where one is unknown, or has a secret that Spark Connect has logged."""

    def __init__(self, given: Mapping[str, str], key: bytes = b"", *, is_connect: bool = False) -> None:
        known = {name.lower(): name for name in (*READ, *STREAM, *WRITE, *SIGN_IN)}
        for name in given:
            if name.lower() not in known:
                near = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.5)
                hint = f" Is it {known[near[0]]}?" if near else f" There are: {', '.join(sorted(known.values()))}."
                raise _wrong(f"the option {name} is unknown.{hint}")
        self._given = {known[name.lower()]: value for name, value in given.items()}
        self._is_connect = is_connect
        if is_connect:
            self.refuse(_BROKER, "is for a driver in the notebook's process. Use entra_odbc.spark.token_options(spark, …)")
        for name, made_by in _ENCRYPTED.items():
            value = self.get(name)
            if value is None:
                continue
            if is_connect and not value.startswith(PREFIX):
                raise _wrong(
                    f"the option {name} is not encrypted, and Spark Connect writes it to its log. Pass what {made_by} gives. {_LOGGED}"
                )
            self._given[name] = decrypted(name, value, key)

    def get(self, name: str) -> str | None:
        """The option, or None where it is missing or empty."""
        return self._given.get(name) or None

    def required(self, name: str) -> str:
        """The option, or an Error."""
        value = self.get(name)
        if value is None:
            raise _wrong(f"the option {name} is missing")
        return value

    def refuse(self, names: Iterable[str], reason: str) -> None:
        """An Error where one of these is given."""
        found = next((name for name in names if self.get(name) is not None), None)
        if found is not None:
            raise _wrong(f"the option {found} {reason}")

    def number(self, name: str, default: int, *, least: int = 1) -> int:
        """A whole number."""
        value = self.get(name)
        if value is None:
            return default
        try:
            number = int(value)
        except ValueError:
            raise _wrong(f"the option {name} is a whole number, not {value!r}") from None
        if number < least:
            raise _wrong(f"the option {name} is {least} at least, not {number}")
        return number

    def flag(self, name: str, *, default: bool) -> bool:
        """Yes or no."""
        value = (self.get(name) or str(default)).lower()
        if value not in ("true", "false"):
            raise _wrong(f"the option {name} is true or false, not {value!r}")
        return value == "true"

    def texts(self, name: str) -> list[str] | None:
        """A list of texts, as JSON."""
        value = self.get(name)
        if value is None:
            return None
        try:
            texts = json.loads(value)
        except ValueError:
            texts = None
        if not isinstance(texts, list) or not texts or not all(isinstance(text, str) and text.strip() for text in texts):
            raise _wrong(f"""the option {name} is a JSON list of conditions, such as '["id < 5", "id >= 5"]'""")
        return texts

    def connection(self) -> str:
        """The connection string without its secrets; an Error where it has one."""
        string = self.required("connection")
        for name, *_ in pairs(string):
            keyword = plain(name)
            if any(part in keyword for part in _SECRET) and not keyword.endswith("file"):
                told = f"{name.upper()}= stands in the option connection, which Spark writes to its event log."
                if self._is_connect:
                    raise _wrong(
                        f"{told} Pass what {_ENCRYPTED['connectionSecrets']} gives in the option connectionSecrets. {_LOGGED}"
                    )
                raise _wrong(f"{told} Pass it in the option connectionSecrets, which Spark redacts, or in a file")
        return string


def _wrong(message: str) -> Error:
    return Error("HY000", 0, message)
