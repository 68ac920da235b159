"""Streams: micro-batches of the rows whose change column is greater than it was, planned by a connection that is kept open.

docs/spark.md says what is guaranteed.
"""

from __future__ import annotations

import itertools
import time
from collections import deque
from dataclasses import replace

from pyspark.sql.datasource import DataSourceStreamReader, InputPartition

from .._error import Error
from ._change import Kind
from ._odbc import Connection
from ._passing import PAUSES_S, is_passing
from ._query import Source
from ._reader import PlainReader

try:
    from pyspark.sql.streaming.datasource import ReadAllAvailable, ReadLimit, ReadMaxRows, SupportsTriggerAvailableNow
except ImportError:
    # Earlier versions do not say where the batch begins whose end they ask for.
    raise Error("HYC00", 0, "streams need PySpark 4.2 or later") from None

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import TypeAlias

    import pyarrow
    from pyspark.sql.types import StructType

    from ._options import Options
    from ._sign_in import SignIn
    from ._stream_options import StreamOptions
    from ._types import SourceColumn

    # In the checkpoint: the change column, and the text of the greatest value that has been read; None before all.
    Offset: TypeAlias = dict[str, str | None]


class StreamReader(DataSourceStreamReader, SupportsTriggerAvailableNow):
    """A stream of the rows of a table or query. Made in the process that plans its batches, and sent to each task."""

    def __init__(
        self,
        options: Options,
        wanted: StreamOptions,
        source: Source,
        sign_in: SignIn,
        columns: list[SourceColumn],
        schema: StructType,
    ) -> None:
        self._reader = PlainReader(options, source, sign_in, columns, schema, cores=1)
        self._source, self._wanted, self._change = source, wanted, wanted.change
        # Opened where batches are planned, after this has been sent to the tasks.
        self._server = _Server(sign_in)
        by_time = self._change.kind is Kind.NUMBER and wanted.delay_s
        self._delay = _Delay(wanted.delay_s) if by_time else None
        # Of a run that ends with what there was at its beginning: the last value, None where there was nothing.
        self._runs_until_target = False
        self._target: int | None = None

    def initialOffset(self) -> Offset:  # noqa: N802: Spark's name.
        """Where a stream without a checkpoint begins."""
        return self._offset(self._greatest() if self._wanted.from_latest else self._wanted.start)

    def getDefaultReadLimit(self) -> ReadLimit:  # noqa: N802: Spark's name.
        """The option maxRowsPerBatch."""
        rows = self._wanted.max_rows
        return ReadMaxRows(rows) if rows is not None else ReadAllAvailable()

    def prepareForTriggerAvailableNow(self) -> None:  # noqa: N802: Spark's name.
        """Takes down what there is, for a run that ends with that."""
        self._runs_until_target, self._target = True, self._greatest()
        if self._delay is not None:
            # From then on, nothing below the target is uncommitted.
            time.sleep(self._wanted.delay_s)

    def latestOffset(self, start: Offset, limit: ReadLimit) -> Offset:
        """The end of the batch that begins here; the beginning itself where nothing is new."""
        after = self._value(start)
        rows = limit.max_rows if isinstance(limit, ReadMaxRows) else None
        if self._runs_until_target:
            end = self._greatest(after, self._target, rows) if self._target is not None else None
        elif self._delay is not None:
            settled = self._delay.settled(self._greatest(after))
            is_new = settled is not None and (after is None or settled > after)
            end = self._greatest(after, settled, rows) if is_new else None
        else:
            end = self._greatest(after, None, rows)
        return start if end is None else self._offset(end)

    def partitions(self, start: Offset, end: Offset) -> Sequence[InputPartition]:
        """The tasks of a batch: from `start`, which is not in it, to `end`, which is."""
        first, last = self._value(start), self._value(end)
        if last is None or (first is not None and first >= last):
            return []
        bounds = [first, *self._steps(first, last), last]
        ranges = itertools.pairwise(bounds)
        return [self._reader.task([self._change.after(low), self._change.until(high)]) for low, high in ranges]

    def read(self, partition: InputPartition) -> Iterator[pyarrow.RecordBatch]:
        """The rows of one task."""
        return self._reader.read(partition)

    def stop(self) -> None:
        """Disconnects."""
        self._server.close()

    def _greatest(self, after: int | None = None, until: int | None = None, rows: int | None = None) -> int | None:
        """The greatest value in the range that is settled; of so many rows with the least ones, if they are limited."""
        change = self._change
        conditions = [change.after(after), change.until(until), change.settled(self._wanted.delay_s)]
        if rows is None:
            return self._one("MAX", self._source, conditions)
        next_ones = replace(self._source, prepared="", limit=rows).select(
            [change.quoted], [f"{change.quoted} IS NOT NULL", *conditions]
        )
        # All rows that have the last one's value come with it: the batch is the range up to that value.
        limited = Source(self._source.prepared, f"({next_ones} ORDER BY {change.quoted}) AS upcoming")
        return self._one("MAX", limited)

    def _steps(self, first: int | None, last: int) -> list[int]:
        """Where one task ends and the next begins."""
        count = self._wanted.partitions
        if count == 1:
            return []
        if first is None:
            least = self._one("MIN", self._source, [self._change.until(last)])
            if least is None:
                return []
            first = least - 1
        steps = [first + (last - first) * number // count for number in range(1, count)]
        return [step for step in dict.fromkeys(steps) if first < step < last]

    def _one(self, function: str, source: Source, conditions: Sequence[str | None] = ()) -> int | None:
        query = source.select([f"{function}({self._change.quoted}) AS found"], conditions)
        ((found,),) = self._server.execute(query)
        return None if found is None else self._change.fetched(found)

    def _offset(self, value: int | None) -> Offset:
        return {"changeColumn": self._change.name, "value": None if value is None else self._change.text(value)}

    def _value(self, offset: Offset) -> int | None:
        name, value = offset.get("changeColumn"), offset.get("value")
        try:
            if str(name).lower() == self._change.name.lower():
                return None if value is None else self._change.number(value)
        except ValueError:
            pass
        raise Error(
            "HY000",
            0,
            f"the checkpoint is of a stream by the column {name} and has its value {value}, which is none of the column"
            f" {self._change.name} ({self._change.sql_type}). A stream by another column needs a new checkpointLocation",
        )


class _Delay:
    """Values that grow, and since when they are known: those that are taken before another is seen are no greater."""

    def __init__(self, seconds: int) -> None:
        self._seconds = seconds
        self._seen: deque[tuple[float, int]] = deque()

    def settled(self, newest: int | None) -> int | None:
        """The greatest value that has been known for long enough."""
        now = time.monotonic()
        if newest is not None and (not self._seen or newest > self._seen[-1][1]):
            self._seen.append((now, newest))
        old = now - self._seconds
        while len(self._seen) > 1 and self._seen[1][0] <= old:
            self._seen.popleft()
        return self._seen[0][1] if self._seen and self._seen[0][0] <= old else None


class _Server:
    """A connection that is kept open, and made anew when it is lost."""

    def __init__(self, sign_in: SignIn) -> None:
        self._sign_in = sign_in
        self._connection: Connection | None = None

    def execute(self, query: str) -> list[tuple[str | None, ...]]:
        """The rows of a query, which may be asked twice."""
        # One that was lost between two batches is known by the next query, and nothing has to be waited for.
        for pause in (0, *PAUSES_S, None):
            try:
                if self._connection is None:
                    # With the token of now: an earlier one may have ended.
                    self._connection = Connection(self._sign_in.connection_string())
                return self._connection.execute(query)
            except Error as error:
                self.close()
                if pause is None or not is_passing(error):
                    raise Source.explained(error) from None
                time.sleep(pause)
        raise AssertionError

    def close(self) -> None:
        """Disconnects, if there is a connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
