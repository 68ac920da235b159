"""Values of change columns: exact from the server's text to the checkpoint's and to the query's."""

import pytest
from entra_odbc import Error
from entra_odbc.spark._change import ChangeColumn
from entra_odbc.spark._odbc import Column
from entra_odbc.spark._types import source_column

CODES = {"timestamp": -2, "binary": -2, "datetime2": 93, "datetime": 93, "smalldatetime": 93, "datetimeoffset": -155}
CODES |= {"int": 4, "bigint": -5, "bigint identity": -5, "numeric": 2, "money": 3, "nvarchar": -9, "xml": -152, "float": 6}


def change(type_name, size=0, digits=0, name="at"):
    columns = [Column("id", 4, 10, 0, False, "int"), Column(name, CODES[type_name], size, digits, True, type_name)]
    return ChangeColumn.of(name.upper(), [source_column(column) for column in columns])


@pytest.mark.parametrize(
    ("column", "fetched", "text", "literal"),
    [
        (change("timestamp"), "FFFFFFFFFFFFFFFE", "0xFFFFFFFFFFFFFFFE", "0xFFFFFFFFFFFFFFFE"),
        (change("bigint identity"), "-9223372036854775808", "-9223372036854775808", "CAST(-9223372036854775808 AS bigint)"),
        (change("numeric", 38, 10), "-.0000000001", "-0.0000000001", "CAST(-0.0000000001 AS decimal(38, 10))"),
        (change("numeric", 38, 0), "9" * 38, "9" * 38, f"CAST({'9' * 38} AS decimal(38, 0))"),
        (change("money"), "-.2500", "-0.2500", "CAST(-0.2500 AS money)"),
        (
            *(change("datetime2", 27, 7), "2026-01-02 03:04:05.1234567"),
            *("2026-01-02T03:04:05.1234567", "CAST('2026-01-02T03:04:05.1234567' AS datetime2(7))"),
        ),
        (
            *(change("datetime2", 27, 7), "9999-12-31 23:59:59.9999999"),
            *("9999-12-31T23:59:59.9999999", "CAST('9999-12-31T23:59:59.9999999' AS datetime2(7))"),
        ),
        (
            *(change("datetime2", 19, 0), "0001-01-01 00:00:00"),
            *("0001-01-01T00:00:00", "CAST('0001-01-01T00:00:00' AS datetime2(0))"),
        ),
        (
            *(change("datetime", 23, 3), "2026-01-02 03:04:05.677"),
            *("2026-01-02T03:04:05.677", "CAST('2026-01-02T03:04:05.677' AS datetime)"),
        ),
        (
            *(change("datetimeoffset", 34, 7), "2026-01-02 03:04:05.1234567 +05:30"),
            *("2026-01-01T21:34:05.1234567+00:00", "CAST('2026-01-01T21:34:05.1234567+00:00' AS datetimeoffset(7))"),
        ),
    ],
)
def test_values_are_exact(column, fetched, text, literal):
    number = column.fetched(fetched)
    assert (column.text(number), column.literal(number)) == (text, literal)
    assert column.number(text) == number
    assert column.number(column.text(column.example)) == column.example


@pytest.mark.parametrize(
    ("column", "texts"),
    [
        (change("timestamp"), ["2001", "0x", "0x12345678123456789", "0xg"]),
        (change("int"), ["2147483648", "1.5", "1e3", "", "."]),
        (change("numeric", 4, 2), ["100", "1.234", "NaN"]),
        (change("datetime2", 23, 3), ["2026-01-02T03:04:05.1234", "2026-02-30", "soon", "2026-01-02T03:04:05+00:00"]),
        (change("datetime", 23, 3), ["2026-01-02T03:04:05.001", "1752-12-31"]),
        (change("datetimeoffset", 34, 7), ["2026-01-02T25:00:00Z", "0001-01-01T00:00:00+05:30"]),
    ],
)
def test_what_is_no_value_of_the_column_is_refused(column, texts):
    for text in texts:
        with pytest.raises(ValueError):
            column.number(text)


def test_values_are_taken_as_people_write_them():
    assert change("timestamp").text(change("timestamp").number(" 0x7d1 ")) == "0x00000000000007D1"
    column = change("datetime2", 27, 7)
    assert column.text(column.number("2026-01-02")) == "2026-01-02T00:00:00.0000000"
    assert column.text(column.number("2026-01-02 03:04")) == "2026-01-02T03:04:00.0000000"
    instant = change("datetimeoffset", 34, 7)
    assert instant.number("2026-01-02T03:04:05Z") == instant.number("2026-01-01 22:04:05.0 -05:00")


@pytest.mark.parametrize("type_name", ["binary", "nvarchar", "xml", "float", "smalldatetime"])
def test_a_type_by_which_nothing_is_known_to_be_new_is_named(type_name):
    with pytest.raises(Error, match=f"at is of the type {type_name}"):
        change(type_name)


def test_the_nearest_column_is_told():
    columns = [source_column(Column("version", -2, 8, 0, False, "timestamp"))]
    with pytest.raises(Error, match=r"names versoin, which is none of the columns\. Is it version\?"):
        ChangeColumn.of("versoin", columns)
    with pytest.raises(Error, match="There are: version"):
        ChangeColumn.of("x", columns)
