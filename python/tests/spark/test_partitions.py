"""How a read is divided: every row belongs to exactly one task."""

import sqlite3

import pytest
from entra_odbc import Error
from entra_odbc.spark._options import Options
from entra_odbc.spark._partitions import conditions
from entra_odbc.spark._types import SourceColumn
from pyspark.sql.types import (
    BinaryType,
    DateType,
    DecimalType,
    DoubleType,
    IntegerType,
    LongType,
    StringType,
    TimestampNTZType,
    TimestampType,
)


def column(kind, name="c", **more):
    return {name: SourceColumn(name, kind, True, f"[{name}]", **more)}


def divided(kind, found=(None, None), cores=4, **options):
    return conditions(Options({name: str(value) for name, value in options.items()}), column(kind), lambda _: found, cores)


def by_range(kind, low, high, count, found=(None, None)):
    bounds = {name: value for name, value in (("lowerBound", low), ("upperBound", high)) if value is not None}
    return divided(kind, found, partitionColumn="c", numPartitions=count, **bounds)


def test_without_an_option_there_is_one_task():
    assert divided(LongType()) == [None]


def test_ranges_cover_all_rows_once_nulls_and_rows_outside_the_bounds_included():
    tasks = by_range(LongType(), 0, 100, 7)
    assert len(tasks) == 7
    database = sqlite3.connect(":memory:")
    database.execute("CREATE TABLE t (c INTEGER)")
    values = [*range(-50, 200), None, None, 2**62, -(2**62)]
    database.executemany("INSERT INTO t VALUES (?)", [(value,) for value in values])
    read = [row[0] for task in tasks for row in database.execute(f"SELECT c FROM t WHERE {task}")]
    assert sorted(read, key=str) == sorted(values, key=str)


def test_the_bounds_are_the_columns_own_where_none_are_given():
    assert by_range(IntegerType(), None, None, 2, ("10", "20")) == by_range(IntegerType(), 10, 20, 2)
    assert by_range(IntegerType(), None, None, 2, (None, None)) == [None]


def test_there_are_as_many_tasks_as_cores_where_no_number_is_given():
    assert len(divided(LongType(), ("0", "1000"), cores=3, partitionColumn="c")) == 3


def test_fewer_values_than_tasks_are_fewer_tasks():
    assert by_range(LongType(), 1, 3, 10) == ["[c] < 2 OR [c] IS NULL", "[c] >= 2 AND [c] < 3", "[c] >= 3"]
    assert by_range(LongType(), 5, 5, 10) == [None]


@pytest.mark.parametrize(
    ("kind", "low", "high", "start"),
    [
        (DateType(), "2026-01-01", "2026-01-03", "CAST('2026-01-02' AS date)"),
        (TimestampNTZType(), "2026-01-01", "2026-01-01 00:00:00.0000031", "CAST('2026-01-01T00:00:00.000001' AS datetime2(6))"),
        (
            TimestampType(),
            "2026-01-01 01:00:00 +01:00",
            "2026-01-01T02:00:00",
            "CAST('2026-01-01T01:00:00.000000+00:00' AS datetimeoffset(6))",
        ),
        (
            TimestampType(),
            "0001-01-01 00:00:00.5Z",
            "0001-01-01 02:00:00.5Z",
            "CAST('0001-01-01T01:00:00.500000+00:00' AS datetimeoffset(6))",
        ),
        (DecimalType(38, 2), "0.00", "99999999999999999999999999999999999.99", "49999999999999999999999999999999999.99"),
        (DoubleType(), "0", "1", "0.5e0"),
    ],
)
def test_dates_timestamps_and_numbers_divide(kind, low, high, start):
    assert by_range(kind, low, high, 2) == [f"[c] < {start} OR [c] IS NULL", f"[c] >= {start}"]


def test_the_hash_of_any_column_divides_and_loses_no_null():
    tasks = divided(StringType(), hashColumn="C", numPartitions=3)
    assert tasks == [f"ABS(CAST(CHECKSUM([c]) AS bigint)) % 3 = {number}" for number in range(3)]


def test_predicates_are_taken_as_they_are():
    assert divided(LongType(), predicates='["c = 1", "c <> 1 OR c IS NULL"]') == [
        "\nc = 1\n",
        "\nc <> 1 OR c IS NULL\n",
    ]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"partitionColumn": "c", "lowerBound": 5, "upperBound": 1}, "lowerBound 5 is greater than upperBound 1"),
        ({"partitionColumn": "d"}, "none of the columns: c"),
        ({"partitionColumn": "c", "lowerBound": "soon"}, "lowerBound is a value of the column c, not 'soon'"),
        ({"partitionColumn": "c", "hashColumn": "c"}, "of which one divides a read"),
        ({"partitionColumn": "c", "limit": 5}, "limit is for a read in one task"),
        ({"lowerBound": 5}, "partitionColumn, which is missing"),
        ({"partitionColumn": "c", "lowerBound": 2**63, "upperBound": 2**65}, "are values of the column c"),
        ({"numPartitions": 5}, "partitionColumn or hashColumn names a column"),
    ],
)
def test_what_cannot_be_is_said(options, message):
    with pytest.raises(Error, match=message.replace("(", r"\(")):
        divided(LongType(), ("0", "9"), **options)


@pytest.mark.parametrize("kind", [StringType(), BinaryType()])
def test_a_column_that_has_no_ranges_is_refused_with_what_does(kind):
    with pytest.raises(Error, match="hashColumn"):
        by_range(kind, 1, 2, 2)


def test_an_xml_column_has_no_hash():
    known = column(StringType(), is_hashable=False)
    with pytest.raises(Error, match="CHECKSUM"):
        conditions(Options({"hashColumn": "c", "numPartitions": "2"}), known, lambda _: (None, None), 1)
