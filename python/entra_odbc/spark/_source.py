"""The data source `entra_odbc`, as Spark knows it."""

from __future__ import annotations

from pyspark import __version__
from pyspark.sql.datasource import DataSource, DataSourceReader, DataSourceStreamReader, DataSourceWriter
from pyspark.sql.types import StructType

from . import _types
from ._options import STREAM, Options
from ._query import Source
from ._reader import PlainReader, Reader, described
from ._sign_in import SignIn
from ._stream_options import StreamOptions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._types import SourceColumn

NAME = "entra_odbc"


class EntraOdbc(DataSource):
    """Azure SQL, through the driver of this package. `register` makes it known to a session."""

    # Set by `register` in a class for each application, which Spark sends to its workers by value.
    application = ""
    cores = 1
    is_connect = False
    key = b""

    def __init__(self, options: dict[str, str]) -> None:
        super().__init__(options)
        # Here, so that a wrong option is an error where it stands, before anything runs.
        self._options = Options(options, self.key, is_connect=self.is_connect)
        self._sign_in = SignIn.of(self._options, self.application)
        # Spark sends this object from the process that asks for the schema to the one that plans the read.
        self._described: list[SourceColumn] | None = None

    @classmethod
    def name(cls) -> str:
        """For `format(…)`."""
        return NAME

    def schema(self) -> StructType:
        """The schema of what is read."""
        if self._options.get("changeColumn"):
            # A stream's options are checked here, before it is started.
            self._stream_options()
        return _types.schema_of(self._columns())

    def reader(self, schema: StructType) -> DataSourceReader:
        """A read of it."""
        self._options.refuse(STREAM, "is for a stream: spark.readStream")
        # Spark 4 keeps what a query of a frame has pushed, and reads the next query's rows by it (fixed for 5.0).
        by_default = not __version__.startswith("4.")
        kind = Reader if self._options.flag("pushDownPredicate", default=by_default) else PlainReader
        return kind(self._options, self._source(), self._sign_in, self._columns(), schema, self.cores)

    def streamReader(self, schema: StructType) -> DataSourceStreamReader:  # noqa: N802: Spark's name.
        """A stream of it."""
        # It needs a newer PySpark than reading.
        from ._stream import StreamReader

        wanted = self._stream_options()
        return StreamReader(self._options, wanted, self._source(), self._sign_in, self._columns(), schema)

    def writer(self, schema: StructType, overwrite: bool) -> DataSourceWriter:
        """A write to a table."""
        # Reads do without it.
        from ._writer import Writer

        return Writer(self._options, self._sign_in, schema, overwrite=overwrite)

    def _source(self) -> Source:
        return Source.of(self._options)

    def _stream_options(self) -> StreamOptions:
        return StreamOptions.of(self._options, self._columns())

    def _columns(self) -> list[SourceColumn]:
        if self._described is None:
            self._described = described(self._source(), self._sign_in)
        return self._described
