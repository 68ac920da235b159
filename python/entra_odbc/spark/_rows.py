"""Arrow record batches as rows of bytes, in the form in which bulk copy takes them from a program's variables.

A number is a length of eight bytes, -1 for NULL, and the value behind it. Bytes, and everything else as text in UTF-16,
stand without a length, which is told for each row: Driver 18.6 takes no lengths of 0, and none beyond 65,534, from a value of
a column of unbounded length.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy
import pyarrow
from pyarrow import compute

from .._error import Error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, TypeAlias

    Array: TypeAlias = numpy.ndarray[Any, Any]

# Types of msodbcsql.h for variables of programs.
_INT1, _INT2, _INT4, _INT8 = 0x30, 0x34, 0x38, 0x7F
_FLT4, _FLT8, _BIT = 0x3B, 0x3E, 0x32
_IMAGE, _NTEXT = 0x22, 0x63
_NUMBERS = {
    pyarrow.int8(): (_INT2, "<i2"),
    pyarrow.int16(): (_INT2, "<i2"),
    pyarrow.int32(): (_INT4, "<i4"),
    pyarrow.int64(): (_INT8, "<i8"),
    pyarrow.float32(): (_FLT4, "<f4"),
    pyarrow.float64(): (_FLT8, "<f8"),
    pyarrow.bool_(): (_BIT, "u1"),
}

_LENGTH = numpy.dtype("<i8")
_NULL = -1
# Of rows that are made at once.
_MOST_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True)
class Field:
    """Where a column's values are in a row."""

    kind: int
    offset: int
    # Of the value without its length.
    width: int
    # Whether the length stands before the value.
    has_length: bool


@dataclass(frozen=True)
class Rows:
    """Rows one behind the other, all of one form."""

    fields: tuple[Field, ...]
    content: Array
    # The lengths of the values of each row, by the index of their field: those that stand in none; -1 for NULL.
    lengths: dict[int, list[int]]

    @property
    def size(self) -> int:
        """Bytes of a row."""
        return int(self.content.dtype.itemsize)


def rows(batch: pyarrow.RecordBatch) -> Iterator[Rows]:
    """All rows of the batch, in pieces of bounded size."""
    start = 0
    while start < batch.num_rows:
        columns = [_Column(name, column.slice(start)) for name, column in zip(batch.schema.names, batch.columns, strict=True)]
        count = batch.num_rows - start
        # A piece is as wide as its widest values, so a long value makes short pieces, and only near it.
        while (needed := count * sum(column.width(count) + _LENGTH.itemsize for column in columns)) > _MOST_BYTES and count > 1:
            count = max(count * _MOST_BYTES // (2 * needed), 1)
        yield _packed([column.values(count) for column in columns], count)
        start += count


def _packed(columns: list[tuple[int, Array, Array]], count: int) -> Rows:
    """One array of rows from the columns' kinds, lengths and values."""
    names: list[str] = []
    formats: list[Any] = []
    fields, told, offset = [], {}, 0
    for number, (kind, lengths, values) in enumerate(columns):
        has_length = kind not in (_IMAGE, _NTEXT)
        if has_length:
            names.append(f"length{number}")
            formats.append(_LENGTH)
        else:
            told[number] = lengths.tolist()
        names.append(f"value{number}")
        formats.append(_form(values))
        width = numpy.dtype(formats[-1]).itemsize
        fields.append(Field(kind, offset, width, has_length))
        offset += width + (_LENGTH.itemsize if has_length else 0)
    content = numpy.empty(count, numpy.dtype({"names": names, "formats": formats}))
    for number, (_, lengths, values) in enumerate(columns):
        if fields[number].has_length:
            content[f"length{number}"] = lengths
        content[f"value{number}"] = values
    return Rows(tuple(fields), content, told)


def _form(values: Array) -> Any:
    return (values.dtype, values.shape[1:]) if values.ndim > 1 else values.dtype


class _Column:
    """A column of a batch."""

    def __init__(self, name: str, column: pyarrow.Array) -> None:
        self._name, self._column = name, column
        self._number = _NUMBERS.get(column.type)
        self._bytes = pyarrow.types.is_binary(column.type) or pyarrow.types.is_large_binary(column.type)
        if self._number is None and not self._bytes:
            self._column = _as_text(column)
        self._sizes: Array | None = None

    def width(self, count: int) -> int:
        """The bytes of the longest of the first values."""
        if self._number is not None:
            return numpy.dtype(self._number[1]).itemsize
        if self._sizes is None:
            sizes = compute.fill_null(compute.binary_length(self._column), 0).to_numpy(zero_copy_only=False)
            # No character has more bytes in UTF-16 than twice those of UTF-8.
            self._sizes = sizes.astype(numpy.int64) * (1 if self._bytes else 2)
        return max(int(self._sizes[:count].max(initial=0)), 1)

    def values(self, count: int) -> tuple[int, Array, Array]:
        """Kind, lengths and values of the first ones."""
        column = self._column.slice(0, count)
        present = column.is_valid().to_numpy(zero_copy_only=False)
        if self._number is not None:
            kind, form = self._number
            values = compute.fill_null(column, False if pyarrow.types.is_boolean(column.type) else 0)
            numbers = values.to_numpy(zero_copy_only=False).astype(form)
            if numbers.dtype.kind == "f" and not numpy.isfinite(numbers).all():
                raise Error("22003", 0, f"the column {self._name} has NaN or infinity, which SQL Server's float has not")
            lengths = numpy.where(present, numpy.dtype(form).itemsize, _NULL).astype(_LENGTH)
            return kind, lengths, numbers
        if self._bytes:
            return _IMAGE, *_scattered(_flat(column), present, "u1")
        return _NTEXT, *_scattered(_flat_utf16(column), present, "<u2")


def _as_text(column: pyarrow.Array) -> pyarrow.Array:
    """The values in the text that SQL Server takes for its types."""
    kind = column.type
    if pyarrow.types.is_timestamp(kind):
        zone = " +00:00" if kind.tz else ""
        # Instants are in UTC, and so is the text without a zone.
        text = column.cast(pyarrow.timestamp("us")).cast(pyarrow.string())
        return compute.binary_join_element_wise(text, zone, "")
    if pyarrow.types.is_decimal(kind):
        text = column.cast(pyarrow.string())
        if compute.any(compute.match_substring(text, "E")).as_py():
            # Small ones have an exponent, which only floating-point numbers have in T-SQL.
            plain = [None if value is None else f"{value:f}" for value in column.to_pylist()]
            text = pyarrow.array(plain, pyarrow.string())
        return text
    return column.cast(pyarrow.large_string() if pyarrow.types.is_large_string(kind) else pyarrow.string())


def _flat(column: pyarrow.Array) -> tuple[Array, Array]:
    """The bytes of all values in one, and the length of each."""
    lengths = compute.fill_null(compute.binary_length(column), 0).to_numpy(zero_copy_only=False).astype(_LENGTH)
    joined = compute.fill_null(column, b"" if pyarrow.types.is_binary(column.type) else "")
    _, offsets, content = joined.buffers()
    if content is None:
        return numpy.empty(0, "u1"), lengths
    wide = pyarrow.types.is_large_string(joined.type) or pyarrow.types.is_large_binary(joined.type)
    places = numpy.frombuffer(offsets, "<i8" if wide else "<i4")
    first, last = places[joined.offset], places[joined.offset + len(joined)]
    return numpy.frombuffer(content, "u1")[first:last], lengths


def _flat_utf16(column: pyarrow.Array) -> tuple[Array, Array]:
    content, lengths = _flat(column)
    if content.size == 0 or content.max() < 0x80:
        # A character is a byte here and two there.
        return content.astype("<u2"), lengths
    encoded = [(value or "").encode("utf-16-le") for value in column.to_pylist()]
    return numpy.frombuffer(b"".join(encoded), "<u2"), numpy.array([len(value) // 2 for value in encoded], _LENGTH)


def _scattered(flat: tuple[Array, Array], present: Array, form: str) -> tuple[Array, Array]:
    """Lengths in bytes, and the values, each in a row of its own that is as wide as the longest."""
    content, lengths = flat
    unit = numpy.dtype(form)
    # Powers of two, so that the form of rows changes seldom.
    width = 1 << max(int(lengths.max(initial=1)) - 1, 0).bit_length()
    values = numpy.zeros((lengths.size, width), unit)
    values[numpy.arange(width) < lengths[:, None]] = content
    return numpy.where(present, lengths * unit.itemsize, _NULL).astype(_LENGTH), values
