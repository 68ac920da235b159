"""Columns of SQL Server as columns of Spark: their types, and how a query asks for them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from pyspark.sql import types

from .._error import Error
from ._odbc import Column
from ._query import quoted_name

# Codes of sql.h, sqlext.h and msodbcsql.h.
_BIT, _TINYINT, _SMALLINT, _INTEGER, _BIGINT = -7, -6, 5, 4, -5
_REAL, _FLOAT, _DOUBLE = 7, 6, 8
_NUMERIC, _DECIMAL = 2, 3
_DATE, _TIMESTAMP, _DATETIMEOFFSET, _TIME = 91, 93, -155, -154
_GUID, _XML, _VARIANT, _UDT = -11, -152, -150, -151
# char, varchar, nchar and nvarchar, of any length; text and ntext, which can neither be compared nor hashed.
_TEXT, _LONG_TEXT = (1, 12, -8, -9), (-1, -10)
# binary and varbinary; image.
_BINARY, _LONG_BINARY = (-2, -3), -4

_EXACT = {
    _BIT: types.BooleanType(),
    # 0 to 255, which do not fit into Spark's signed byte.
    _TINYINT: types.ShortType(),
    _SMALLINT: types.ShortType(),
    _INTEGER: types.IntegerType(),
    _BIGINT: types.LongType(),
    _REAL: types.FloatType(),
    _FLOAT: types.DoubleType(),
    _DOUBLE: types.DoubleType(),
    _DATE: types.DateType(),
    _TIMESTAMP: types.TimestampNTZType(),
}


@dataclass(frozen=True)
class SourceColumn:
    """A column of the query, and of the frame."""

    name: str
    spark_type: types.DataType
    nullable: bool
    # The item of a select list that gives it as arrow-odbc reads it.
    selected: str
    # Whether comparisons by SQL Server are those of Spark; for text they need not be.
    is_text: bool = False
    is_comparable: bool = True
    # Whether CHECKSUM takes it.
    is_hashable: bool = True
    # As ODBC describes it.
    described: Column | None = None


def source_column(column: Column) -> SourceColumn:
    """The column of a frame for one of SQL Server; an Error names the one whose type is not known."""
    return replace(_counterpart(column), described=column)


def _counterpart(column: Column) -> SourceColumn:
    name = quoted_name(column.name)
    code = column.sql_type
    if code in _EXACT:
        return SourceColumn(column.name, _EXACT[code], column.nullable, name)
    if code in (_NUMERIC, _DECIMAL):
        return SourceColumn(column.name, types.DecimalType(column.size, column.digits), column.nullable, name)
    if code in _TEXT:
        return SourceColumn(column.name, types.StringType(), column.nullable, name, is_text=True)
    if code in _BINARY:
        return SourceColumn(column.name, types.BinaryType(), column.nullable, name)
    if code in _LONG_TEXT or code == _LONG_BINARY:
        spark_type = types.BinaryType() if code == _LONG_BINARY else types.StringType()
        return SourceColumn(column.name, spark_type, column.nullable, name, is_comparable=False, is_hashable=False)
    if code == _DATETIMEOFFSET:
        # Spark's timestamps are instants; seven digits, of which Spark keeps six.
        instant = f"CAST(SWITCHOFFSET({name}, '+00:00') AS datetime2(7)) AS {name}"
        return SourceColumn(column.name, types.TimestampType(), column.nullable, instant)
    # Given as text, and compared by Spark.
    as_text = {_GUID: "char(36)", _TIME: "varchar(16)", _XML: "nvarchar(max)"}.get(code)
    if as_text is not None:
        text = f"CAST({name} AS {as_text}) AS {name}"
        hashable = code != _XML
        return SourceColumn(column.name, types.StringType(), column.nullable, text, is_comparable=False, is_hashable=hashable)
    kind = {_VARIANT: "sql_variant", _UDT: "a CLR type, such as geography"}.get(code, f"ODBC's {code}")
    remedy = f"CAST({name} AS nvarchar(4000))" if code == _VARIANT else f"{name}.ToString()"
    raise Error(
        "HYC00", 0, f"the column {column.name} has a type without a counterpart in Spark: {kind}. Ask for {remedy} in a query"
    )


def schema_of(columns: list[SourceColumn]) -> types.StructType:
    """The frame's schema."""
    return types.StructType([types.StructField(column.name, column.spark_type, column.nullable) for column in columns])


def columns_for(schema: types.StructType, columns: list[SourceColumn]) -> list[SourceColumn]:
    """The columns that a schema given by the user names, which may be fewer or of other types."""
    known = {column.name: column for column in columns}
    missing = next((field.name for field in schema.fields if field.name not in known), None)
    if missing is not None:
        raise Error("HY000", 0, f"the schema has a column {missing}, which the query does not give: it has {', '.join(known)}")
    return [known[field.name] for field in schema.fields]
