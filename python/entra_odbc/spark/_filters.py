"""Conditions of Spark's as conditions of T-SQL, where both mean the same or the server's lets more rows pass.

Spark evaluates again what the server may have taken more loosely: text, which the server compares by its collation, and
timestamps, which it may keep more finely than Spark does.
"""

from __future__ import annotations

import datetime

from pyspark.sql import datasource
from pyspark.sql.types import BooleanType, DateType, DecimalType, NumericType, TimestampNTZType, TimestampType

from ._query import literal, quoted_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._types import SourceColumn

# datetime has steps of 1/300 s, which the driver reports in whole milliseconds.
_MARGIN = datetime.timedelta(milliseconds=4)

# The server gives up on lists of tens of thousands.
_LONGEST_LIST = 1000

_OPERATORS: dict[type, str] = {
    datasource.EqualTo: "=",
    datasource.EqualNullSafe: "=",
    datasource.GreaterThan: ">",
    datasource.GreaterThanOrEqual: ">=",
    datasource.LessThan: "<",
    datasource.LessThanOrEqual: "<=",
}


def condition(filtered: datasource.Filter, columns: dict[str, SourceColumn]) -> tuple[str | None, bool]:
    """The condition in T-SQL, or None, and whether it is exactly Spark's."""
    if isinstance(filtered, datasource.Not):
        return _negated(filtered.child, columns)
    attribute: tuple[str, ...] = getattr(filtered, "attribute", ())
    column = columns.get(attribute[0]) if len(attribute) == 1 else None
    if column is None:
        return None, False
    name = quoted_name(column.name)
    if isinstance(filtered, datasource.IsNull):
        return f"{name} IS NULL", True
    if isinstance(filtered, datasource.IsNotNull):
        return f"{name} IS NOT NULL", True
    if not column.is_comparable:
        return None, False
    if isinstance(filtered, datasource.In):
        return _in(name, filtered.value, column)
    operator = _OPERATORS.get(type(filtered))
    value = getattr(filtered, "value", None)
    if operator is None:
        return None, False
    if value is None:
        return (f"{name} IS NULL", True) if isinstance(filtered, datasource.EqualNullSafe) else (None, False)
    if isinstance(column.spark_type, TimestampNTZType | TimestampType):
        return _around(name, operator, value), False
    text = literal(value)
    if text is None:
        return None, False
    if column.is_text:
        # Equal text is equal by each collation; what comes first differs.
        return (f"{name} = {text}", False) if operator == "=" else (None, False)
    if isinstance(column.spark_type, BooleanType) and operator != "=":
        return None, False
    return (f"{name} {operator} {text}", True) if _is_exact(column) else (None, False)


def _is_exact(column: SourceColumn) -> bool:
    return isinstance(column.spark_type, NumericType | DecimalType | DateType | BooleanType)


def _negated(child: datasource.Filter, columns: dict[str, SourceColumn]) -> tuple[str | None, bool]:
    """NOT of what is exact; of anything looser it would lose rows."""
    inner, exact = condition(child, columns)
    return (f"NOT ({inner})", True) if exact and not isinstance(child, datasource.EqualNullSafe) else (None, False)


def _in(name: str, values: object, column: SourceColumn) -> tuple[str | None, bool]:
    given = list(values) if isinstance(values, list | tuple) else []
    plain = [text for text in (literal(value) for value in given if value is not None) if text is not None]
    nulls = given.count(None)
    if not plain or len(plain) + nulls != len(given) or len(plain) > _LONGEST_LIST or not (column.is_text or _is_exact(column)):
        return None, False
    # Beside a NULL the rest is unknown, not false.
    return f"{name} IN ({', '.join(plain)})", not column.is_text and not nulls


def _around(name: str, operator: str, value: object) -> str | None:
    """A comparison of timestamps that lets a little more pass."""
    if not isinstance(value, datetime.datetime):
        return None
    try:
        low, high = literal(value - _MARGIN), literal(value + _MARGIN)
    except OverflowError:
        return None
    if operator == "=":
        return f"{name} BETWEEN {low} AND {high}"
    return f"{name} {operator} {low if operator[0] == '>' else high}"
