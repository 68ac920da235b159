"""Text of queries: names, literals, and the one query of a task."""

from __future__ import annotations

import datetime
import math
from dataclasses import dataclass
from decimal import Decimal

from .._error import Error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from ._options import Options

# The server's own words for what may not stand in a derived table.
_ORDER_BY, _UNNAMED, _TWICE = 1033, 8155, 8156


def quoted_name(name: str) -> str:
    """A name as it stands in T-SQL."""
    return "[" + name.replace("]", "]]") + "]"


def literal(value: object) -> str | None:
    """A value as it stands in T-SQL; None where there is no literal for it."""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, int):
        return str(value) if -(2**63) <= value < 2**63 else None
    if isinstance(value, Decimal):
        return f"{value:f}" if value.is_finite() else None
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        # With an exponent it is a float, without one a decimal.
        return repr(value) if "e" in repr(value) else f"{value!r}e0"
    if isinstance(value, datetime.datetime):
        if value.tzinfo is not None:
            moment = value.astimezone(datetime.timezone.utc).replace(tzinfo=None)
            return f"CAST('{moment.isoformat(timespec='microseconds')}+00:00' AS datetimeoffset(6))"
        return f"CAST('{value.isoformat(timespec='microseconds')}' AS datetime2(6))"
    if isinstance(value, datetime.date):
        return f"CAST('{value.isoformat()}' AS date)"
    if isinstance(value, str):
        # Without N a varchar column's index can be used, with it every character is kept.
        return ("" if value.isascii() else "N") + "'" + value.replace("'", "''") + "'"
    if isinstance(value, bytes | bytearray):
        return "0x" + value.hex()
    return None


@dataclass(frozen=True)
class Source:
    """What is read: a table or a query, to which conditions can be added."""

    prepared: str
    table: str
    # SELECT TOP (n), if a limit was given.
    limit: int | None = None

    @classmethod
    def of(cls, options: Options) -> Source:
        """The source that `dbtable` or `query` names; an Error where both or none do."""
        query, table = options.get("query"), options.get("dbtable")
        if (query is None) == (table is None):
            raise Error("HY000", 0, "either the option query or the option dbtable says what is read")
        if query is not None and query.split(maxsplit=1)[0].lower() == "with":
            raise Error(
                "HY000", 0, "a WITH clause cannot stand in a subquery: pass it in the option prepareQuery, and the rest in query"
            )
        # On lines of its own, as a comment may stand at the query's end.
        source = f"(\n{query.strip().rstrip(';')}\n) AS source" if query is not None else str(table)
        prepared = options.get("prepareQuery")
        limit = options.number("limit", 0, least=0) if options.get("limit") else None
        return cls(f"{prepared}\n" if prepared else "", source, limit)

    def select(self, items: Iterable[str], conditions: Iterable[str | None] = ()) -> str:
        """A query for these items, of the rows that fulfil all conditions."""
        where = " AND ".join(f"({condition})" for condition in conditions if condition)
        top = f"TOP ({self.limit}) " if self.limit is not None else ""
        query = f"{self.prepared}SELECT {top}{', '.join(items) or '1'} FROM {self.table}"
        return f"{query} WHERE {where}" if where else query

    def description(self) -> str:
        """A query that gives the columns of all of it, and no row."""
        return f"{self.prepared}SELECT * FROM {self.table} WHERE 1 = 0"

    @staticmethod
    def explained(error: Error) -> Error:
        """The error, in words about the option where the query is what cannot be read."""
        reasons = {
            _ORDER_BY: "has an ORDER BY, and the rows of a frame have no order. Take it out, and order the frame",
            _UNNAMED: "has a column without a name. Name each: … AS name",
            _TWICE: "has two columns of one name. Name them apart: … AS name",
        }
        reason = reasons.get(error.native)
        return error if reason is None else Error(error.sqlstate, error.native, f"the query {reason}. ({error.message})")
