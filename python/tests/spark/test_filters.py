"""Filters as conditions: the server may let more rows pass than Spark, never fewer."""

import datetime
from decimal import Decimal

import pytest
from entra_odbc.spark._filters import condition
from entra_odbc.spark._types import SourceColumn
from pyspark.sql.datasource import (
    EqualNullSafe,
    EqualTo,
    GreaterThan,
    In,
    IsNotNull,
    IsNull,
    LessThanOrEqual,
    Not,
    StringStartsWith,
)
from pyspark.sql.types import BooleanType, DateType, DecimalType, DoubleType, LongType, StringType, TimestampNTZType

COLUMNS = {
    "n": SourceColumn("n", LongType(), True, "[n]"),
    "d": SourceColumn("d", DecimalType(10, 2), True, "[d]"),
    "f": SourceColumn("f", DoubleType(), True, "[f]"),
    "b": SourceColumn("b", BooleanType(), True, "[b]"),
    "s": SourceColumn("s", StringType(), True, "[s]", is_text=True),
    "guid": SourceColumn("guid", StringType(), True, "…", is_comparable=False),
    "day": SourceColumn("day", DateType(), True, "[day]"),
    "at": SourceColumn("at", TimestampNTZType(), True, "[at]"),
    "a]b": SourceColumn("a]b", LongType(), True, "[a]]b]"),
}
NOON = datetime.datetime(2026, 1, 1, 12)


@pytest.mark.parametrize(
    ("filtered", "text"),
    [
        (EqualTo(("n",), 5), "[n] = 5"),
        (EqualTo(("a]b",), 5), "[a]]b] = 5"),
        (GreaterThan(("n",), -(2**63)), f"[n] > {-(2**63)}"),
        (LessThanOrEqual(("d",), Decimal("1E+3")), "[d] <= 1000"),
        (GreaterThan(("f",), 1e300), "[f] > 1e+300"),
        (GreaterThan(("f",), 0.1), "[f] > 0.1e0"),
        (EqualTo(("b",), True), "[b] = 1"),
        (LessThanOrEqual(("day",), datetime.date(2026, 1, 1)), "[day] <= CAST('2026-01-01' AS date)"),
        (In(("n",), (1, 2)), "[n] IN (1, 2)"),
        (IsNull(("s",)), "[s] IS NULL"),
        (IsNotNull(("guid",)), "[guid] IS NOT NULL"),
        (Not(EqualTo(("n",), 5)), "NOT ([n] = 5)"),
        (Not(IsNull(("s",))), "NOT ([s] IS NULL)"),
        (EqualNullSafe(("n",), None), "[n] IS NULL"),
    ],
)
def test_what_both_understand_alike_is_left_to_the_server(filtered, text):
    assert condition(filtered, COLUMNS) == (text, True)


@pytest.mark.parametrize(
    ("filtered", "text"),
    [
        (EqualTo(("s",), "it's"), "[s] = 'it''s'"),
        (EqualTo(("s",), "naïve"), "[s] = N'naïve'"),
        (In(("s",), ("a", "b")), "[s] IN ('a', 'b')"),
        # Beside a NULL, what is none of them is unknown, and its negation as well.
        (In(("n",), (1, None)), "[n] IN (1)"),
        (
            EqualTo(("at",), NOON),
            "[at] BETWEEN CAST('2026-01-01T11:59:59.996000' AS datetime2(6)) AND CAST('2026-01-01T12:00:00.004000' AS datetime2(6))",
        ),
        (GreaterThan(("at",), NOON), "[at] > CAST('2026-01-01T11:59:59.996000' AS datetime2(6))"),
        (LessThanOrEqual(("at",), NOON), "[at] <= CAST('2026-01-01T12:00:00.004000' AS datetime2(6))"),
    ],
)
def test_what_the_server_takes_more_loosely_spark_applies_as_well(filtered, text):
    assert condition(filtered, COLUMNS) == (text, False)


@pytest.mark.parametrize(
    "filtered",
    [
        # Another order, and equality without case: the server would leave out rows.
        GreaterThan(("s",), "a"),
        Not(EqualTo(("s",), "a")),
        StringStartsWith(("s",), "a"),
        # A conversion that could fail.
        EqualTo(("guid",), "no guid"),
        EqualTo(("f",), float("nan")),
        EqualTo(("n",), 2**64),
        EqualTo(("n",), None),
        Not(EqualTo(("at",), NOON)),
        Not(EqualNullSafe(("n",), 5)),
        EqualTo(("at",), datetime.datetime.min),
        EqualTo(("s", "inner"), 1),
        EqualTo(("missing",), 1),
        In(("n",), tuple(range(5000))),
        Not(In(("n",), (1, None))),
    ],
)
def test_all_else_is_sparks(filtered):
    assert condition(filtered, COLUMNS) == (None, False)
