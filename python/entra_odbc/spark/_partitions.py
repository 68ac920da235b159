"""How a read is divided into tasks: by ranges of a column, by conditions, or by a column's hash."""

from __future__ import annotations

import datetime
import re
from decimal import Decimal, InvalidOperation
from fractions import Fraction

from pyspark.sql.types import DateType, DecimalType, FractionalType, IntegralType, TimestampNTZType, TimestampType

from .._error import Error
from ._query import literal, quoted_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from ._options import Options
    from ._types import SourceColumn

    # The least and the greatest value of a column, as the server writes them; None where there is none.
    Bounds: TypeAlias = Callable[[str], tuple[str | None, str | None]]

_EPOCH = datetime.datetime(1970, 1, 1)
_MICROSECOND = datetime.timedelta(microseconds=1)


def conditions(options: Options, columns: dict[str, SourceColumn], bounds: Bounds, default_count: int) -> list[str | None]:
    """One condition for each task; [None] for a single one that reads everything."""
    ways = [name for name in ("partitionColumn", "hashColumn", "predicates") if options.get(name)]
    if len(ways) > 1:
        raise _wrong(f"{' and '.join(ways)} are options of which one divides a read")
    by_range = [name for name in ("lowerBound", "upperBound") if options.get(name)]
    if by_range and ways != ["partitionColumn"]:
        raise _wrong(f"the option {by_range[0]} is for the option partitionColumn, which is missing")
    if ways and options.get("limit"):
        raise _wrong("the option limit is for a read in one task: take it out, or put TOP into the query")
    predicates = options.texts("predicates")
    if predicates is not None:
        # On lines of their own, as a comment may stand at their ends.
        return [f"\n{predicate}\n" for predicate in predicates]
    count = options.number("numPartitions", default_count)
    if not ways:
        if options.get("numPartitions"):
            raise _wrong(
                "the option numPartitions needs to know by what: the option partitionColumn or hashColumn names a column"
            )
        return [None]
    column = _column(options.required(ways[0]), ways[0], columns)
    if ways == ["hashColumn"]:
        return _by_hash(column, count)
    return _by_range(column, count, options, bounds)


def _column(name: str, option: str, columns: dict[str, SourceColumn]) -> SourceColumn:
    found = columns.get(name) or next((columns[known] for known in columns if known.lower() == name.lower()), None)
    if found is None:
        raise _wrong(f"the option {option} names {name}, which is none of the columns: {', '.join(columns)}")
    return found


def _by_hash(column: SourceColumn, count: int) -> list[str | None]:
    if not column.is_hashable:
        raise _wrong(f"the column {column.name} has no CHECKSUM by its type. Choose another hashColumn")
    # CHECKSUM is an int, whose least value has no positive counterpart; NULL has one too, so no row is lost.
    hashed = f"ABS(CAST(CHECKSUM({quoted_name(column.name)}) AS bigint)) % {count}"
    return [f"{hashed} = {number}" for number in range(count)]


def _by_range(column: SourceColumn, count: int, options: Options, bounds: Bounds) -> list[str | None]:
    if not isinstance(
        column.spark_type, IntegralType | DecimalType | FractionalType | DateType | TimestampNTZType | TimestampType
    ):
        raise _wrong(
            f"the column {column.name} cannot divide a read into ranges: that takes numbers, dates or timestamps."
            f" Use the option hashColumn, which nearly any column fits, or predicates"
        )
    name = quoted_name(column.name)
    given = options.get("lowerBound"), options.get("upperBound")
    least, greatest = bounds(name) if None in given else (None, None)
    low = _number(given[0] or least, column, "lowerBound")
    high = _number(given[1] or greatest, column, "upperBound")
    if low is None or high is None:
        # Empty, or nothing but NULL.
        return [None]
    if low > high:
        if None in given:
            # No value is within them, so there is nothing to divide.
            return [None]
        raise _wrong(f"lowerBound {given[0]} is greater than upperBound {given[1]}")
    # Between 1 and 3 there are three whole numbers.
    length = high - low + (1 if isinstance(column.spark_type, IntegralType | DateType) else 0)
    steps = [_value(low + length * number / count, column) for number in range(1, count)]
    # In order as they are; those that round down to one value are one.
    starts = [step for step in dict.fromkeys(steps) if step != _value(low, column)]
    if not starts:
        return [None]
    texts = [text for text in map(literal, starts) if text is not None]
    if len(texts) != len(starts):
        raise _wrong(f"the options lowerBound and upperBound are values of the column {column.name}")
    first = f"{name} < {texts[0]} OR {name} IS NULL"
    between = [f"{name} >= {start} AND {name} < {end}" for start, end in zip(texts, texts[1:], strict=False)]
    return [first, *between, f"{name} >= {texts[-1]}"]


def _number(text: str | None, column: SourceColumn, option: str) -> Fraction | None:
    """A bound as a number: days and microseconds since 1970 for dates and timestamps."""
    if text is None:
        return None
    kind = column.spark_type
    try:
        if isinstance(kind, IntegralType | DecimalType | FractionalType):
            return Fraction(Decimal(text.strip()))
        if isinstance(kind, DateType):
            return Fraction(datetime.date.fromisoformat(text.strip()[:10]).toordinal())
        return Fraction(_moment(text), 1)
    except (ValueError, InvalidOperation, OverflowError):
        raise _wrong(f"the option {option} is a value of the column {column.name}, not {text!r}") from None


def _moment(text: str) -> int:
    """Microseconds since 1970 of a date, a time and an offset, as SQL Server and ISO 8601 write them."""
    found = re.fullmatch(r"(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d(?::\d\d)?)(?:\.(\d{1,9}))?)? ?(Z|[+-]\d\d:\d\d)?", text.strip())
    if found is None:
        raise ValueError(text)
    day, clock, fraction, zone = found.groups()
    moment = datetime.datetime.fromisoformat(f"{day}T{clock or '00:00'}{(zone or '').replace('Z', '+00:00')}")
    if moment.tzinfo is not None:
        moment = moment.astimezone(datetime.timezone.utc).replace(tzinfo=None)
    # Seven digits, of which six count here.
    return (moment - _EPOCH) // _MICROSECOND + int((fraction or "")[:6].ljust(6, "0"))


def _value(number: Fraction, column: SourceColumn) -> object:
    """The number as a value of the column, rounded down to one that it can have."""
    kind = column.spark_type
    if isinstance(kind, IntegralType):
        return number.numerator // number.denominator
    if isinstance(kind, DecimalType):
        # By its text: arithmetic on decimals would round to 28 digits.
        return Decimal(f"{(number * 10**kind.scale).__floor__()}e-{kind.scale}")
    if isinstance(kind, DateType):
        return datetime.date.fromordinal(number.__floor__())
    if isinstance(kind, TimestampNTZType):
        return _EPOCH + number.__floor__() * _MICROSECOND
    if isinstance(kind, TimestampType):
        return (_EPOCH + number.__floor__() * _MICROSECOND).replace(tzinfo=datetime.timezone.utc)
    return float(number)


def _wrong(message: str) -> Error:
    return Error("HY000", 0, message)
