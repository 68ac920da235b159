"""Bulk copy into a table: the functions bcp_* of Microsoft's driver, through the driver of this package.

They take the driver manager's handle of a connection that was opened for bulk copy, and are called in the driver's
library itself, since the driver manager does not know them.
"""

from __future__ import annotations

import ctypes
from ctypes import c_char, c_int, c_short, c_void_p

from .._connect import driver
from ._odbc import Connection
from ._rows import rows

TYPE_CHECKING = False
if TYPE_CHECKING:
    import pyarrow

    from ._rows import Field, Rows

_SUCCEED, _FAILED = 1, -1
_IN = 1
_LENGTH_BYTES = 8
# The length stands before the value.
_VARIABLE = -10


class BulkCopy:
    """One bulk copy, as a context: what leaves it by an exception ends it. The table has the batches' columns in their order."""

    def __init__(self, connection: Connection, table: str, batch_size: int) -> None:
        self._connection, self._handle = connection, connection.handle
        self._batch_size = batch_size
        self._sent = self._unsaved = 0
        self._fields: tuple[Field, ...] = ()
        self._row = (c_char * 0)()
        library = ctypes.CDLL(driver())
        self._sendrow, self._batch, self._done = library.bcp_sendrow, library.bcp_batch, library.bcp_done
        self._bind, self._length = library.bcp_bind, library.bcp_collen
        for function in (self._sendrow, self._batch, self._done):
            function.argtypes = [c_void_p]
        # RETCODE has 16 bits, a count of rows 32.
        for function in (self._sendrow, self._bind, self._length, library.bcp_initW):
            function.restype = c_short
        self._bind.argtypes = [c_void_p, c_void_p, c_int, c_int, c_void_p, c_int, c_int, c_int]
        self._length.argtypes = [c_void_p, c_int, c_int]
        library.bcp_initW.argtypes = [c_void_p, c_void_p, c_void_p, c_void_p, c_int]
        name = ctypes.create_string_buffer(table.encode("utf-16-le") + b"\0\0")
        self._check(library.bcp_initW(connection.handle, ctypes.cast(name, c_void_p), None, None, _IN))

    def __enter__(self) -> BulkCopy:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            # Otherwise Driver 18.6 waits for its end when it disconnects, for ever.
            self._done(self._handle)

    def send(self, batch: pyarrow.RecordBatch) -> None:
        """Sends the rows of a batch."""
        for piece in rows(batch):
            if piece.fields != self._fields:
                self._bound(piece.fields, piece.size)
            self._send(piece)
            self._sent += piece.content.size
            self._unsaved += piece.content.size
            if self._unsaved >= self._batch_size:
                self._counted(self._batch(self._handle))
                self._unsaved = 0

    def finish(self) -> int:
        """Ends the copy, and gives the number of rows."""
        self._counted(self._done(self._handle))
        return self._sent

    def _send(self, piece: Rows) -> None:
        handle, send, move, row, size = self._handle, self._sendrow, ctypes.memmove, self._row, piece.size
        first = piece.content.ctypes.data
        lengths = list(piece.lengths.items())
        told: dict[int, int] = {}
        for number, address in enumerate(range(first, first + size * piece.content.size, size)):
            move(row, address, size)
            for field, each in lengths:
                length = each[number]
                if told.get(field) != length:
                    told[field] = length
                    self._check(self._length(handle, length, field + 1))
            if send(handle) != _SUCCEED:
                raise self._connection.error()

    def _bound(self, fields: tuple[Field, ...], size: int) -> None:
        """Has the driver find values where this form of rows has them, in one row that each is moved to."""
        self._fields, self._row = fields, (c_char * size)()
        base = ctypes.addressof(self._row)
        for number, field in enumerate(fields, start=1):
            place = c_void_p(base + field.offset)
            prefix, width = (_LENGTH_BYTES, _VARIABLE) if field.has_length else (0, field.width)
            self._check(self._bind(self._handle, place, prefix, width, None, 0, field.kind, number))

    def _counted(self, count: int) -> None:
        if count == _FAILED:
            raise self._connection.error()

    def _check(self, code: int) -> None:
        if code != _SUCCEED:
            raise self._connection.error()
