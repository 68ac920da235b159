"""Arrow schemas of a frame, and batches that have exactly those."""

from __future__ import annotations

import pyarrow
from pyspark.sql.types import StructType

from .._error import Error
from ._frame_types import arrow_type


def schema_of(schema: StructType) -> pyarrow.Schema:
    """What Spark expects of record batches; PySpark's own function for it has another signature in each version."""
    return pyarrow.schema([pyarrow.field(field.name, arrow_type(field.name, field.dataType), field.nullable) for field in schema])


def fetched(schema: StructType) -> pyarrow.Schema:
    """What arrow-odbc is asked for: the same without time zones; and with NULLs, which an altered column may have."""
    native = schema_of(schema)
    zoned = pyarrow.timestamp("us", "UTC")
    types = [pyarrow.timestamp("us") if field.type == zoned else field.type for field in native]
    return pyarrow.schema([pyarrow.field(field.name, kind) for field, kind in zip(native, types, strict=True)])


def fitted(batch: pyarrow.RecordBatch, schema: pyarrow.Schema) -> pyarrow.RecordBatch:
    """The batch in exactly the types of the schema; an Error names the column whose values do not fit."""
    arrays = []
    for array, field in zip(batch.columns, schema, strict=True):
        if array.null_count and not field.nullable:
            raise Error(
                "22002", 0, f"the column {field.name} has a NULL, which it could not when the frame was made: load it again"
            )
        if array.type != field.type:
            try:
                # Timestamps without a zone are in UTC.
                array = array.cast(field.type)
            except pyarrow.ArrowInvalid as error:
                raise Error("22018", 0, f"a value of the column {field.name} does not fit {field.type}: {error}") from None
        arrays.append(array)
    return pyarrow.RecordBatch.from_arrays(arrays, schema=schema)
