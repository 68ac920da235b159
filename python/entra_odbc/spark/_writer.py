"""Writing: each task attempt copies its rows in bulk into a staging table, and the commit moves all of them at once."""

from __future__ import annotations

import contextlib
import itertools
import time
import uuid
from dataclasses import dataclass

from pyspark.sql.datasource import DataSourceArrowWriter, WriterCommitMessage

from .._error import Error
from . import _staging
from ._odbc import Connection
from ._passing import PAUSES_S, is_passing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow
    from pyspark.sql.types import StructType

    from ._options import Options
    from ._sign_in import SignIn
    from ._staging import Target

# Rows that are one transaction of a bulk copy.
_BATCH_SIZE = 100_000


@dataclass(frozen=True)
class Staged(WriterCommitMessage):
    """The rows of one task attempt."""

    table: str | None
    rows: int


class Writer(DataSourceArrowWriter):
    """A write to one table. Made on the driver, and sent to each task."""

    def __init__(self, options: Options, sign_in: SignIn, schema: StructType, *, overwrite: bool) -> None:
        if options.get("query") is not None:
            raise Error("HY000", 0, "the option query is for reads: dbtable names the table to write to")
        self._sign_in, self._overwrite = sign_in, overwrite
        self._batch_size = options.number("batchSize", _BATCH_SIZE)
        self._job = uuid.uuid4().hex
        target = _staging.of_frame(options.required("dbtable"), options.get("stagingSchema"), schema)
        with self._connected() as connection:
            self._target: Target = _staging.opened(connection, target, schema)

    def write(self, iterator: Iterator[pyarrow.RecordBatch]) -> Staged:
        """Copies the rows of one task attempt."""
        from pyspark import TaskContext

        context = TaskContext.get()
        attempt = f"{context.partitionId()}_{context.taskAttemptId()}" if context is not None else uuid.uuid4().hex[:8]
        first = next((batch for batch in iterator if batch.num_rows), None)
        if first is None:
            return Staged(None, 0)
        table = f"{self._target.prefix()}{self._job}_{attempt}"
        try:
            return Staged(table, self._copied(table, itertools.chain([first], iterator)))
        except BaseException:
            # Abort and commit drop it too, if they come after this.
            with contextlib.suppress(Error), self._connected() as connection:
                connection.execute(f"DROP TABLE IF EXISTS {self._target.staging(table)}")
            raise

    def commit(self, messages: list[WriterCommitMessage | None]) -> None:
        """Moves the rows of all acknowledged attempts into the table."""
        staged = [(each.table, each.rows) for each in messages if isinstance(each, Staged) and each.table is not None]
        for pause in (*PAUSES_S, None):
            try:
                with self._connected() as connection:
                    _staging.moved(connection, self._target, self._job, staged, overwrite=self._overwrite)
                break
            except Error as error:
                if not is_passing(error):
                    raise
                if pause is None:
                    told = f"whether the write {self._job} is in {self._target.name}, its row in {self._target.jobs} tells (committed = 1)"
                    raise Error(error.sqlstate, error.native, f"the commit failed, and {told}: {error.message}") from None
                time.sleep(pause)
        self._drop()

    def abort(self, messages: list[WriterCommitMessage | None]) -> None:
        """Leaves the table as it was."""
        # First, so that a task which makes its staging table after this drops that itself.
        with contextlib.suppress(Error), self._connected() as connection:
            _staging.aborted(connection, self._target, self._job)
        self._drop()

    def _copied(self, table: str, batches: Iterator[pyarrow.RecordBatch]) -> int:
        from ._bulk_copy import BulkCopy

        with self._connected(bulk_copy=True) as connection:
            name = _staging.created(connection, self._target, self._job, table)
            with BulkCopy(connection, name, self._batch_size) as copy:
                for batch in batches:
                    copy.send(batch)
                return copy.finish()

    def _drop(self) -> None:
        # What is left is dropped by a later write; the outcome of this one is decided.
        with contextlib.suppress(Error), self._connected() as connection:
            _staging.drop(connection, self._target, self._job)

    def _connected(self, *, bulk_copy: bool = False) -> Connection:
        return Connection(self._sign_in.connection_string(), bulk_copy=bulk_copy)
