"""The column by which a stream knows what is new: its values as whole numbers, as text and in queries, all of them exact.

A rowversion is its eight bytes, a decimal is counted in units of its last digit, a moment in those of its last digit after
the second. So values between two others can be named, and no float and no type of Python's rounds any.
"""

from __future__ import annotations

import datetime
import difflib
import re
from dataclasses import dataclass
from enum import Enum

from .._error import Error
from ._query import quoted_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._types import SourceColumn

_WHOLE = {
    "tinyint": (0, 2**8 - 1),
    "smallint": (-(2**15), 2**15 - 1),
    "int": (-(2**31), 2**31 - 1),
    "bigint": (-(2**63), 2**63 - 1),
}
_MONEY = {"money": (-(2**63), 2**63 - 1), "smallmoney": (-(2**31), 2**31 - 1)}
_VERSION = (0, 2**64 - 1)
_MOMENT = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d(?::\d\d)?)(?:\.(\d{1,7}))?)?(?: ?(Z|[+-]\d\d:\d\d))?",
    re.ASCII,
)
_DECIMAL = re.compile(r"([+-]?)(\d{0,38})(?:\.(\d{0,38}))?", re.ASCII)
_BEGINNING, _END = datetime.datetime(1, 1, 1), datetime.datetime(9999, 12, 31, 23, 59, 59)
_FIRST_DATETIME = datetime.datetime(1753, 1, 1)
_SECOND = datetime.timedelta(seconds=1)
# The last digits of a datetime's milliseconds, which are thirds of hundredths.
_TICKS = (0, 3, 7)


class Kind(Enum):
    """What a value of the column is."""

    VERSION = "rowversion"
    NUMBER = "number"
    # Without a time zone, and with one.
    LOCAL = "local"
    INSTANT = "instant"


@dataclass(frozen=True)
class ChangeColumn:
    """A column whose values grow with each change."""

    name: str
    kind: Kind
    # As it stands in a CAST.
    sql_type: str
    # Digits after the point, or after the second.
    scale: int
    least: int
    greatest: int

    @classmethod
    def of(cls, name: str, columns: list[SourceColumn]) -> ChangeColumn:
        """The column that the option changeColumn names; an Error where there is none, or its type does not do."""
        known = {column.name.lower(): column for column in columns}
        column = known.get(name.lower())
        if column is None:
            near = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.5)
            hint = f"Is it {known[near[0]].name}?" if near else f"There are: {', '.join(each.name for each in columns)}."
            raise _wrong(f"the option changeColumn names {name}, which is none of the columns. {hint}")
        return cls._described(column)

    @classmethod
    def _described(cls, column: SourceColumn) -> ChangeColumn:
        described = column.described
        # "bigint identity"
        kind = described.type_name.split(" ")[0].split("(")[0].lower() if described is not None else ""
        size, digits = (described.size, described.digits) if described is not None else (0, 0)
        if kind in ("timestamp", "rowversion"):
            return cls(column.name, Kind.VERSION, "rowversion", 0, *_VERSION)
        if kind in _WHOLE:
            return cls(column.name, Kind.NUMBER, kind, 0, *_WHOLE[kind])
        if kind in _MONEY:
            return cls(column.name, Kind.NUMBER, kind, 4, *_MONEY[kind])
        if kind in ("decimal", "numeric"):
            greatest = _units(size) - 1
            return cls(column.name, Kind.NUMBER, f"decimal({size}, {digits})", digits, -greatest, greatest)
        end = (_seconds(_END) + 1) * _units(digits) - 1
        if kind == "datetime":
            return cls(column.name, Kind.LOCAL, kind, digits, _seconds(_FIRST_DATETIME) * _units(digits), end)
        if kind in ("datetime2", "datetimeoffset"):
            return cls(column.name, Kind.LOCAL if kind == "datetime2" else Kind.INSTANT, f"{kind}({digits})", digits, 0, end)
        raise _wrong(
            f"the column {column.name} is of the type {kind or 'of no name'}, by which no stream can tell what is new: the option"
            " changeColumn takes rowversion, whole numbers, decimal, datetime, datetime2 and datetimeoffset"
        )

    @property
    def example(self) -> int:
        """A value, to show how they are written."""
        if self.kind in (Kind.VERSION, Kind.NUMBER):
            return min(2001 * _units(self.scale), self.greatest)
        return _seconds(datetime.datetime(2026, 1, 31)) * _units(self.scale)

    @property
    def quoted(self) -> str:
        """The column as it stands in a query."""
        return quoted_name(self.name)

    def number(self, text: str) -> int:
        """The value with this text, as a whole number; ValueError where it is none of the column's."""
        text = text.strip()
        if self.kind is Kind.VERSION:
            if re.fullmatch(r"0[xX][0-9a-fA-F]{1,16}", text, re.ASCII) is None:
                raise ValueError(text)
            number = int(text, 16)
        elif self.kind is Kind.NUMBER:
            number = self._scaled(text)
        else:
            number = self._moment(text)
        if not self.least <= number <= self.greatest:
            raise ValueError(text)
        return number

    def fetched(self, text: str) -> int:
        """A value as Driver 18 writes it, which has no 0x before bytes."""
        return self.number(f"0x{text}" if self.kind is Kind.VERSION else text)

    def text(self, number: int) -> str:
        """The value's text, from which `number` makes it again."""
        if self.kind is Kind.VERSION:
            return f"0x{number:016X}"
        if self.kind is Kind.NUMBER:
            whole, rest = divmod(abs(number), _units(self.scale))
            return f"{'-' if number < 0 else ''}{whole}" + (f".{rest:0{self.scale}d}" if self.scale else "")
        seconds, rest = divmod(number, _units(self.scale))
        moment = (_BEGINNING + seconds * _SECOND).isoformat()
        return moment + (f".{rest:0{self.scale}d}" if self.scale else "") + ("+00:00" if self.kind is Kind.INSTANT else "")

    def literal(self, number: int) -> str:
        """The value in a query, of the column's own type: so comparisons are exact, and an index can be used."""
        text = self.text(number)
        if self.kind is Kind.VERSION:
            return text
        return f"CAST({text} AS {self.sql_type})" if self.kind is Kind.NUMBER else f"CAST('{text}' AS {self.sql_type})"

    def after(self, number: int | None) -> str | None:
        """The condition for rows of greater values; None for all."""
        # NULL is greater than nothing, and rows that have it never come.
        return None if number is None else f"{self.quoted} > {self.literal(number)}"

    def until(self, number: int | None) -> str | None:
        """The condition for rows of at most this value."""
        return None if number is None else f"{self.quoted} <= {self.literal(number)}"

    def settled(self, delay_s: int) -> str | None:
        """The condition for rows that no open transaction can precede any more, as far as the server can tell."""
        if self.kind is Kind.VERSION:
            # What is below has been committed or rolled back; what comes is not below. Should the server ask more than once
            # during the query, each answer holds for all reads after it, and so for those of the tasks.
            return f"{self.quoted} < MIN_ACTIVE_ROWVERSION()"
        if self.kind is Kind.NUMBER:
            return None
        now = "SYSUTCDATETIME()" if self.kind is Kind.LOCAL else "SYSDATETIMEOFFSET()"
        return f"{self.quoted} <= DATEADD(second, {-delay_s}, {now})"

    def _scaled(self, text: str) -> int:
        found = _DECIMAL.fullmatch(text)
        if found is None or not (found[2] or found[3]):
            raise ValueError(text)
        rest = (found[3] or "").rstrip("0")
        if len(rest) > self.scale:
            raise ValueError(text)
        number = int((found[2] or "0") + rest.ljust(self.scale, "0"))
        return -number if found[1] == "-" else number

    def _moment(self, text: str) -> int:
        found = _MOMENT.fullmatch(text)
        if found is None:
            raise ValueError(text)
        day, clock, rest, zone = found.groups()
        rest = (rest or "").rstrip("0")
        if len(rest) > self.scale or (zone is not None and self.kind is Kind.LOCAL):
            raise ValueError(text)
        seconds = _seconds(datetime.datetime.fromisoformat(f"{day}T{clock or '00:00'}"))
        if zone not in (None, "Z"):
            offset = 60 * (60 * int(zone[1:3]) + int(zone[4:6]))
            seconds -= -offset if zone[0] == "-" else offset
        number = seconds * _units(self.scale) + int(rest.ljust(self.scale, "0") or "0")
        if self.sql_type == "datetime" and number % 10 not in _TICKS:
            raise ValueError(text)
        return number


def _units(digits: int) -> int:
    return int(10**digits)


def _seconds(moment: datetime.datetime) -> int:
    return (moment - _BEGINNING) // _SECOND


def _wrong(message: str) -> Error:
    return Error("HY000", 0, message)
