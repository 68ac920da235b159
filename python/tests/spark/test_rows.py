"""Record batches as rows of bytes."""

import datetime
import struct
from decimal import Decimal

import pyarrow
import pytest
from entra_odbc import Error
from entra_odbc.spark import _rows


def unpacked(batch):
    """Each row's values as bytes, None for NULL, by the places and lengths that are told."""
    found = []
    for piece in _rows.rows(batch):
        content = piece.content.tobytes()
        for number in range(piece.content.size):
            row = []
            for index, field in enumerate(piece.fields):
                place = number * piece.size + field.offset
                if field.has_length:
                    (length,) = struct.unpack_from("<q", content, place)
                    place += 8
                else:
                    length = piece.lengths[index][number]
                assert length <= field.width
                row.append(None if length < 0 else content[place : place + length])
            found.append(row)
    return found


def column(values, kind):
    return [row[0] for row in unpacked(pyarrow.RecordBatch.from_arrays([pyarrow.array(values, kind)], ["c"]))]


def wide(*texts):
    return [None if text is None else text.encode("utf-16-le") for text in texts]


def test_numbers_go_as_they_are():
    assert column([1, None, -(2**31)], pyarrow.int32()) == [b"\1\0\0\0", None, struct.pack("<i", -(2**31))]
    assert column([2**62, None], pyarrow.int64()) == [struct.pack("<q", 2**62), None]
    assert column([-7], pyarrow.int8()) == [struct.pack("<h", -7)]
    assert column([0.1, None], pyarrow.float64()) == [struct.pack("<d", 0.1), None]
    assert column([True, None, False], pyarrow.bool_()) == [b"\1", None, b"\0"]


@pytest.mark.parametrize("kind", [pyarrow.string(), pyarrow.large_string()])
def test_text_is_utf16(kind):
    for texts in (["a", None, "", "long enough"], ["naïve", None, "😀 x", ""], [None, None], []):
        assert column(texts, kind) == wide(*texts)


@pytest.mark.parametrize("kind", [pyarrow.binary(), pyarrow.large_binary()])
def test_bytes_are_bytes(kind):
    assert column([b"\0\xff", None, b""], kind) == [b"\0\xff", None, b""]


def test_everything_else_is_text_of_sql_servers():
    assert column([datetime.date(2026, 1, 2), None], pyarrow.date32()) == wide("2026-01-02", None)
    at = datetime.datetime(2026, 1, 2, 3, 4, 5, 678901)
    assert column([at, None], pyarrow.timestamp("us")) == wide("2026-01-02 03:04:05.678901", None)
    assert column([at], pyarrow.timestamp("us", "UTC")) == wide("2026-01-02 03:04:05.678901 +00:00")
    numbers = [Decimal("-12345678901234567890123456789012.345678"), None, Decimal("0.000001")]
    assert column(numbers, pyarrow.decimal128(38, 6)) == wide("-12345678901234567890123456789012.345678", None, "0.000001")
    small = [Decimal("0.0000000001"), None, Decimal(0)]
    assert column(small, pyarrow.decimal128(38, 10)) == wide("0.0000000001", None, "0.0000000000")


def test_slices_and_several_columns_stay_together():
    whole = pyarrow.RecordBatch.from_pydict({"n": list(range(1000)), "s": [f"row {n}" * (n % 5) for n in range(1000)]})
    rows = unpacked(whole.slice(100, 50))
    assert rows == [[struct.pack("<q", n), (f"row {n}" * (n % 5)).encode("utf-16-le")] for n in range(100, 150)]


def test_long_values_make_short_pieces():
    texts = ["x"] * 1000 + ["y" * 3_000_000] + ["z"] * 1000
    batch = pyarrow.RecordBatch.from_pydict({"s": texts})
    pieces = list(_rows.rows(batch))
    assert sum(piece.content.size for piece in pieces) == len(texts)
    assert max(piece.content.nbytes for piece in pieces) < 64 * 1024 * 1024
    assert column(texts, pyarrow.string()) == wide(*texts)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_what_sql_servers_float_has_not_is_told(value):
    with pytest.raises(Error, match="the column c has NaN or infinity"):
        column([1.0, value], pyarrow.float64())
