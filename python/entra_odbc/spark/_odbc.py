"""As much of ODBC as planning and writing need, through the driver manager and the driver of this package.

Data is read by arrow-odbc. What is here describes columns, runs statements, and gives the handle for bulk copy.
"""

from __future__ import annotations

import ctypes
import sys
from ctypes import byref, c_int, c_short, c_size_t, c_ssize_t, c_ushort, c_void_p
from dataclasses import dataclass

from .._error import Error
from .._system import load_odbc

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

_MANAGER = "libodbc.2.dylib" if sys.platform == "darwin" else "libodbc.so.2"

SUCCESS, SUCCESS_WITH_INFO, NO_DATA = 0, 1, 100
_HANDLE_ENVIRONMENT, _HANDLE_CONNECTION, _HANDLE_STATEMENT = 1, 2, 3
_ATTR_ODBC_VERSION, _OV_ODBC3 = 200, 3
_ATTR_AUTOCOMMIT, _AUTOCOMMIT_OFF = 102, 0
_COMMIT, _ROLLBACK = 0, 1
# Bulk copy has to be turned on before the connect (msodbcsql.h).
_COPT_SS_BCP, _BCP_ON = 1219, 1
_IS_UINTEGER = -5
_NTS = -3
_C_WCHAR = -8
_NULL_DATA = -1
_PIECE = 4096
_LONGEST_NAME = 128
_DESC_TYPE_NAME = 14

_FUNCTIONS = (
    *("SQLAllocHandle", "SQLFreeHandle", "SQLSetEnvAttr", "SQLSetConnectAttrW", "SQLDriverConnectW", "SQLDisconnect"),
    *("SQLEndTran", "SQLGetDiagRecW", "SQLExecDirectW", "SQLNumResultCols", "SQLDescribeColW", "SQLFetch", "SQLGetData"),
    *("SQLMoreResults", "SQLColAttributeW"),
)


@dataclass(frozen=True)
class Column:
    """A column of a result, as SQLDescribeCol has it, and the name of its type."""

    name: str
    sql_type: int
    size: int
    digits: int
    nullable: bool
    # Tells apart what has one code: rowversion, which is "timestamp", and binary; datetime and datetime2.
    type_name: str = ""


class Connection:
    """A connection in autocommit mode. It belongs to one thread."""

    def __init__(self, string: str, *, bulk_copy: bool = False) -> None:
        load_odbc()
        self._odbc = _manager()
        self._environment, self.handle = c_void_p(), c_void_p()
        if self._odbc.SQLAllocHandle(_HANDLE_ENVIRONMENT, None, byref(self._environment)) != SUCCESS:
            raise Error("HY001", 0, "the driver manager gives no environment handle")
        try:
            self._odbc.SQLSetEnvAttr(self._environment, _ATTR_ODBC_VERSION, c_void_p(_OV_ODBC3), 0)
            code = self._odbc.SQLAllocHandle(_HANDLE_CONNECTION, self._environment, byref(self.handle))
            self.check(code, _HANDLE_ENVIRONMENT, self._environment)
            if bulk_copy:
                self._set(_COPT_SS_BCP, _BCP_ON)
            text = _wide(string)
            self.check(self._odbc.SQLDriverConnectW(self.handle, None, text, c_short(_NTS), None, 0, None, 0))
        except BaseException:
            self._free()
            raise

    def close(self) -> None:
        """Rolls back what is open, and disconnects."""
        if self.handle:
            self._odbc.SQLEndTran(_HANDLE_CONNECTION, self.handle, _ROLLBACK)
            self._odbc.SQLDisconnect(self.handle)
            self._free()

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def begin(self) -> None:
        """Turns autocommit off: what follows is one transaction until `commit` or `close`."""
        self._set(_ATTR_AUTOCOMMIT, _AUTOCOMMIT_OFF)

    def commit(self) -> None:
        """Commits."""
        self.check(self._odbc.SQLEndTran(_HANDLE_CONNECTION, self.handle, _COMMIT))

    def describe(self, sql: str) -> list[Column]:
        """The columns of what the statement gives."""
        with _Statement(self, sql) as statement:
            return list(statement.columns())

    def execute(self, sql: str) -> list[tuple[str | None, ...]]:
        """Runs a batch, and gives the rows of its last result; each value as text."""
        with _Statement(self, sql) as statement:
            rows = list(statement.rows())
            # Errors of later statements in the batch come with their results.
            while statement.more():
                rows = list(statement.rows())
            return rows

    def change(self, sql: str) -> int:
        """Runs one statement, and gives the number of rows that it changed, whatever triggers changed as well."""
        ((changed,),) = self.execute(f"SET NOCOUNT ON; {sql}; SELECT @@ROWCOUNT")
        return int(changed or 0)

    def check(self, code: int, kind: int = _HANDLE_CONNECTION, handle: c_void_p | None = None) -> None:
        """Raises what the handle's diagnostic records say, if a call did not succeed."""
        if code not in (SUCCESS, SUCCESS_WITH_INFO):
            raise self.error(kind, handle)

    def error(self, kind: int = _HANDLE_CONNECTION, handle: c_void_p | None = None) -> Error:
        """What the handle's diagnostic records say."""
        handle = self.handle if handle is None else handle
        sqlstate, native, length = ctypes.create_string_buffer(12), c_int(), c_short()
        text = ctypes.create_string_buffer(2 * _PIECE)
        records: list[tuple[str, int, str]] = []
        while self._odbc.SQLGetDiagRecW(
            c_short(kind), handle, c_short(len(records) + 1), sqlstate, byref(native), text, c_short(_PIECE), byref(length)
        ) in (SUCCESS, SUCCESS_WITH_INFO):
            message = text.raw[: 2 * min(length.value, _PIECE - 1)].decode("utf-16-le", "replace")
            records.append((sqlstate.raw[:10].decode("utf-16-le", "replace"), native.value, message))
        if not records:
            return Error("HY000", 0, "the driver manager failed without a message")
        return Error(records[0][0], records[0][1], " ".join(message for *_, message in records))

    def _set(self, attribute: int, value: int) -> None:
        self.check(self._odbc.SQLSetConnectAttrW(self.handle, c_int(attribute), c_void_p(value), c_int(_IS_UINTEGER)))

    def _free(self) -> None:
        # A handle that is NULL is refused, and nothing else.
        self._odbc.SQLFreeHandle(_HANDLE_CONNECTION, self.handle)
        self._odbc.SQLFreeHandle(_HANDLE_ENVIRONMENT, self._environment)
        self.handle = c_void_p()


class _Statement:
    """A statement that has been executed."""

    def __init__(self, connection: Connection, sql: str) -> None:
        self._connection, self._odbc = connection, connection._odbc
        self._handle = c_void_p()
        connection.check(self._odbc.SQLAllocHandle(_HANDLE_STATEMENT, connection.handle, byref(self._handle)))
        code = self._odbc.SQLExecDirectW(self._handle, _wide(sql), c_int(_NTS))
        if code != NO_DATA:
            try:
                self._check(code)
            except BaseException:
                self.__exit__()
                raise

    def __enter__(self) -> _Statement:
        return self

    def __exit__(self, *_: object) -> None:
        self._odbc.SQLFreeHandle(_HANDLE_STATEMENT, self._handle)

    def _check(self, code: int) -> None:
        self._connection.check(code, _HANDLE_STATEMENT, self._handle)

    def _count(self) -> int:
        count = c_short()
        self._check(self._odbc.SQLNumResultCols(self._handle, byref(count)))
        return count.value

    def columns(self) -> Iterator[Column]:
        name = ctypes.create_string_buffer(2 * (_LONGEST_NAME + 1))
        length, sql_type, digits, nullable = c_short(), c_short(), c_short(), c_short()
        size = c_size_t()
        for number in range(1, self._count() + 1):
            self._check(
                self._odbc.SQLDescribeColW(
                    self._handle, c_ushort(number), name, c_short(_LONGEST_NAME + 1), byref(length),
                    byref(sql_type), byref(size), byref(digits), byref(nullable),
                )
            )  # fmt: skip
            text = name.raw[: 2 * length.value].decode("utf-16-le")
            type_name = self._type_name(number)
            yield Column(text, sql_type.value, size.value, digits.value, nullable.value != 0, type_name)

    def _type_name(self, number: int) -> str:
        name, length = ctypes.create_string_buffer(2 * (_LONGEST_NAME + 1)), c_short()
        self._check(
            self._odbc.SQLColAttributeW(
                self._handle, c_ushort(number), c_ushort(_DESC_TYPE_NAME), name, c_short(len(name)), byref(length), None
            )
        )
        return name.raw[: length.value].decode("utf-16-le")

    def rows(self) -> Iterator[tuple[str | None, ...]]:
        count = self._count()
        while count:
            code = self._odbc.SQLFetch(self._handle)
            if code == NO_DATA:
                return
            self._check(code)
            yield tuple(self._text(number) for number in range(1, count + 1))

    def _text(self, number: int) -> str | None:
        piece, length = ctypes.create_string_buffer(2 * _PIECE), c_ssize_t()
        text = b""
        while True:
            code = self._odbc.SQLGetData(
                self._handle, c_ushort(number), c_short(_C_WCHAR), piece, c_ssize_t(2 * _PIECE), byref(length)
            )
            if code == NO_DATA:
                break
            self._check(code)
            if length.value == _NULL_DATA:
                return None
            whole = 0 <= length.value < 2 * _PIECE
            text += piece.raw[: length.value] if whole else piece.raw[: 2 * (_PIECE - 1)]
            if whole:
                break
        return text.decode("utf-16-le", "replace")

    def more(self) -> bool:
        code = self._odbc.SQLMoreResults(self._handle)
        if code == NO_DATA:
            return False
        self._check(code)
        return True


def _manager() -> ctypes.CDLL:
    library = ctypes.CDLL(_MANAGER)
    for name in _FUNCTIONS:
        # SQLRETURN has 16 bits: the rest of the register is anybody's. An attribute is kept, an item would be made anew.
        getattr(library, name).restype = c_short
    return library


def _wide(text: str) -> Any:
    return ctypes.create_string_buffer(text.encode("utf-16-le") + b"\0\0")
