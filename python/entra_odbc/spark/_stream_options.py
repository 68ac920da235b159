"""The options of a stream, checked against the columns of what it reads."""

from __future__ import annotations

from dataclasses import dataclass

from .._error import Error
from ._change import ChangeColumn, Kind
from ._options import BATCH

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._options import Options
    from ._types import SourceColumn

# DATEADD counts seconds in an int.
_LONGEST_DELAY_S = 2**31 - 1
_EARLIEST, _LATEST = "earliest", "latest"


@dataclass(frozen=True)
class StreamOptions:
    """By which column, from where, and in which batches a stream is read."""

    change: ChangeColumn
    from_latest: bool
    # The value that comes before the first; None for all there is.
    start: int | None
    max_rows: int | None
    delay_s: int
    partitions: int

    @classmethod
    def of(cls, options: Options, columns: list[SourceColumn]) -> StreamOptions:
        """What the options say; an Error where they are not those of a stream of these columns."""
        options.refuse(BATCH, "is for spark.read, and not for a stream")
        change = ChangeColumn.of(options.required("changeColumn"), columns)
        delay_s = options.number("visibilityDelay", 0, least=0)
        if delay_s > _LONGEST_DELAY_S:
            raise _wrong(f"the option visibilityDelay is {_LONGEST_DELAY_S} at most, not {delay_s}")
        if delay_s and change.kind is Kind.VERSION:
            raise _wrong(
                f"the option visibilityDelay is not for {change.name}, a rowversion: the server tells which of those are settled"
            )
        start = options.get("startingOffset") or _EARLIEST
        is_word = start.lower() in (_EARLIEST, _LATEST)
        return cls(
            change,
            start.lower() == _LATEST,
            None if is_word else _value(change, start),
            options.number("maxRowsPerBatch", 1) if options.get("maxRowsPerBatch") else None,
            delay_s,
            options.number("numPartitions", 1),
        )


def _value(change: ChangeColumn, text: str) -> int:
    try:
        return change.number(text)
    except ValueError:
        raise _wrong(
            f"the option startingOffset is {_EARLIEST}, {_LATEST} or a value of the column {change.name}, such as"
            f" {change.text(change.example)} ({change.sql_type}), not {text!r}"
        ) from None


def _wrong(message: str) -> Error:
    return Error("HY000", 0, message)
