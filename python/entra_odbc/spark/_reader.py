"""Reading: planning on the driver, Arrow record batches in the tasks."""

from __future__ import annotations

import codecs
import locale
import re

import pyarrow
from pyspark.sql.datasource import DataSourceReader, InputPartition
from pyspark.sql.types import BinaryType, StringType, StructType

from .._error import Error
from . import _arrow, _partitions, _types
from ._odbc import Connection
from ._query import Source

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pyspark.sql.datasource import Filter

    from ._options import Options
    from ._sign_in import SignIn
    from ._types import SourceColumn

# Rows in a batch, at most; a batch of wide rows has fewer.
_FETCH_SIZE = 32_768
_BATCH_BYTES = 64 * 1024 * 1024
# UTF-16 code units or bytes of a value.
_MAX_SIZE = 65_536


def described(source: Source, sign_in: SignIn) -> list[SourceColumn]:
    """The columns of what is read, from the server, without a row."""
    with Connection(sign_in.connection_string()) as connection:
        try:
            columns = connection.describe(source.description())
        except Error as error:
            raise Source.explained(error) from None
    names = [column.name for column in columns]
    for name in names:
        if not name:
            raise Error("HY000", 0, "the query has a column without a name. Name each: … AS name")
        if sum(name.lower() == other.lower() for other in names) > 1:
            raise Error("HY000", 0, f"the query has two columns of the name {name}. Name them apart: … AS name")
    return [_types.source_column(column) for column in columns]


class Task(InputPartition):
    """What one task reads."""

    def __init__(self, query: str) -> None:
        self.query = query


class PlainReader(DataSourceReader):
    """A read of the columns that `schema` names; Spark applies all filters."""

    def __init__(
        self, options: Options, source: Source, sign_in: SignIn, columns: list[SourceColumn], schema: StructType, cores: int
    ) -> None:
        self._options, self._source, self._sign_in, self._cores = options, source, sign_in, cores
        self._known = {column.name: column for column in columns}
        self._columns = _types.columns_for(schema, columns)
        self._schema = schema
        self._pushed: list[str] = []
        self._fetch_size = options.number("fetchSize", _FETCH_SIZE)
        self._max_text_size = options.number("maxTextSize", _MAX_SIZE)
        self._max_binary_size = options.number("maxBinarySize", _MAX_SIZE)

    def partitions(self) -> Sequence[InputPartition]:
        """The tasks."""
        conditions = _partitions.conditions(self._options, self._known, self._bounds, self._cores)
        return [self.task([*self._pushed, condition]) for condition in conditions]

    def task(self, conditions: Iterable[str | None]) -> Task:
        """A task that reads the rows that fulfil all conditions."""
        return Task(self._source.select([column.selected for column in self._columns], conditions))

    def read(self, partition: InputPartition) -> Iterator[pyarrow.RecordBatch]:
        """The rows of one task."""
        if not isinstance(partition, Task):
            raise TypeError(f"a task is expected, not {type(partition).__name__}")
        wanted = _arrow.schema_of(self._schema)
        for batch in self._batches(partition.query):
            yield _arrow.fitted(batch, wanted)

    def _bounds(self, name: str) -> tuple[str | None, str | None]:
        query = self._source.select([f"MIN({name}) AS least", f"MAX({name}) AS greatest"], self._pushed)
        with Connection(self._sign_in.connection_string()) as connection:
            ((least, greatest),) = connection.execute(query)
        return least, greatest

    def _batches(self, query: str) -> Iterator[pyarrow.RecordBatch]:
        string = narrow(self._sign_in.connection_string())
        try:
            # After the connection string, which has loaded unixODBC.
            import arrow_odbc
        except ModuleNotFoundError:
            raise Error("IM003", 0, "arrow-odbc is missing on this executor. Install it: pip install arrow-odbc") from None
        try:
            yield from arrow_odbc.read_arrow_batches_from_odbc(
                in_ascii(query),
                string,
                batch_size=self._fetch_size,
                # One row at least, however long its values may be.
                max_bytes_per_batch=max(_BATCH_BYTES, self._row_bytes()),
                max_text_size=self._max_text_size,
                max_binary_size=self._max_binary_size,
                schema=_arrow.fetched(_types.schema_of(self._columns)),
                # In every locale the same, and for nvarchar what the server sends: Driver 18 takes longer for UTF-8.
                payload_text_encoding=arrow_odbc.TextEncoding.UTF16,
            )
        except arrow_odbc.Error as error:
            raise _reworded(error.message()) from None

    def _row_bytes(self) -> int:
        # 64 is what a value of fixed length takes at most, and what lengths and ends take beside one that has none.
        return sum(64 + self._value_bytes(column) for column in self._columns)

    def _value_bytes(self, column: SourceColumn) -> int:
        if isinstance(column.spark_type, StringType):
            unit, most = 2, self._max_text_size
        elif isinstance(column.spark_type, BinaryType):
            unit, most = 1, self._max_binary_size
        else:
            return 0
        # 0 is a length without bounds. Of text, arrow-odbc takes each character for two UTF-16 code units.
        size = column.described.size if column.described is not None else 0
        return unit * (min(unit * size, most) if size else most)


class Reader(PlainReader):
    """A read in which the server leaves out rows that Spark would filter."""

    def pushFilters(self, filters: list[Filter]) -> Iterable[Filter]:  # noqa: N802: Spark's name.
        """Has the server leave out rows; gives the filters that Spark has to apply as well."""
        # Since PySpark 4.1.
        from . import _filters

        # A column that the user reads as another type is compared as that.
        types = {field.name: field.dataType for field in self._schema}
        same = {name: column for name, column in self._known.items() if types.get(name) == column.spark_type}
        for filtered in filters:
            # With a limit, the rows that Spark would filter are chosen first.
            text, exact = (None, False) if self._source.limit is not None else _filters.condition(filtered, same)
            if text is not None:
                self._pushed.append(text)
            if not exact:
                yield filtered


def in_ascii(query: str) -> str:
    """The query in characters that no locale changes: arrow-odbc passes it to the narrow functions of ODBC."""
    if query.isascii():
        return query
    text = query.encode("utf-16-le").hex()
    return f"DECLARE @query nvarchar(max) = CAST(0x{text} AS nvarchar(max)); EXEC sys.sp_executesql @query"


def narrow(string: str) -> str:
    """The connection string, if arrow-odbc can pass it on as it is; an Error where the locale would change it."""
    if not string.isascii() and (codecs.lookup(locale.getpreferredencoding(False)).name != "utf-8" or max(string) > "\uffff"):
        raise Error(
            "HY000",
            0,
            "the connection string has characters beyond ASCII, which this executor's locale does not keep."
            " Set spark.executorEnv.LC_ALL to C.UTF-8; characters beyond U+FFFF cannot be passed at all",
        )
    return string


def _reworded(message: str) -> Error:
    """arrow-odbc's message as an Error: the first record's SQLSTATE, native error and text."""
    found = re.search(r"State: (\w{5}), Native error: (-?\d+), Message: (.*)", message, re.DOTALL)
    if found is not None:
        return Error(found[1], int(found[2]), found[3])
    if "too large" in message.lower() or "truncat" in message.lower():
        message += " Raise the option maxTextSize or maxBinarySize: UTF-16 code units, and bytes, of a value"
    return Error("HY000", 0, message)
