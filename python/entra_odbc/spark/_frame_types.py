"""The types that a column of a frame may have: what each is in Arrow, and in a table that is made for the frame."""

from __future__ import annotations

import pyarrow
from pyspark.sql import types

from .._error import Error

_TYPES: dict[type[types.DataType], tuple[pyarrow.DataType, str]] = {
    types.BooleanType: (pyarrow.bool_(), "bit"),
    # SQL Server's tinyint has no negative numbers.
    types.ByteType: (pyarrow.int8(), "smallint"),
    types.ShortType: (pyarrow.int16(), "smallint"),
    types.IntegerType: (pyarrow.int32(), "int"),
    types.LongType: (pyarrow.int64(), "bigint"),
    types.FloatType: (pyarrow.float32(), "real"),
    types.DoubleType: (pyarrow.float64(), "float"),
    types.StringType: (pyarrow.string(), "nvarchar(max)"),
    types.BinaryType: (pyarrow.binary(), "varbinary(max)"),
    types.DateType: (pyarrow.date32(), "date"),
    types.TimestampNTZType: (pyarrow.timestamp("us"), "datetime2(6)"),
    types.TimestampType: (pyarrow.timestamp("us", "UTC"), "datetimeoffset(6)"),
}


def arrow_type(name: str, kind: types.DataType) -> pyarrow.DataType:
    """The Arrow type of a column; an Error names one for whose type there is none."""
    return _types_of(name, kind)[0]


def sql_type(name: str, kind: types.DataType) -> str:
    """The type of a column in T-SQL; an Error names one for whose type there is none."""
    return _types_of(name, kind)[1]


def _types_of(name: str, kind: types.DataType) -> tuple[pyarrow.DataType, str]:
    if isinstance(kind, types.DecimalType):
        return pyarrow.decimal128(kind.precision, kind.scale), f"decimal({kind.precision}, {kind.scale})"
    found = _TYPES.get(type(kind))
    if found is None:
        raise Error(
            "HYC00",
            0,
            f"the column {name} is of {kind.simpleString()}, for which SQL Server has no type. Write it with to_json()",
        )
    return found
