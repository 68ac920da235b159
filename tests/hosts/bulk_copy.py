"""A host that loads rows with the bcp functions, which a program takes from the driver's library itself.

    bulk_copy.py <library> <connection string>

Prints a line for each step: what the load was told, and what another connection finds in the table afterwards.
"""

import ctypes
import struct
import sys

import pyodbc

ENV, DBC = 1, 2
ODBC_VERSION, ODBC_3, AUTOCOMMIT = 200, 3, 102
BCP, BCP_ON = 1219, 1
IS_INTEGER, IS_UINTEGER = -6, -5
COMMIT, ROLLBACK = 0, 1
SUCCEED, DB_IN = 1, 1
INT4, DECIMAL, DATETIME2, NVARCHAR = 0x38, 0x6A, 0x2A, 0xE7
VARLEN_DATA, NULL_DATA = -10, -1
OPTION_HINTS = 11

library, string = sys.argv[1:]
odbc, bcp = ctypes.CDLL("libodbc.so.2"), ctypes.CDLL(library)
pointer, number = ctypes.c_void_p, ctypes.c_int
for name, arguments in {
    "bcp_initW": [pointer, pointer, pointer, pointer, number],
    "bcp_control": [pointer, number, pointer],
    "bcp_bind": [pointer, pointer, number, number, pointer, number, number, number],
    "bcp_sendrow": [pointer],
    "bcp_batch": [pointer],
    "bcp_done": [pointer],
}.items():
    getattr(bcp, name).argtypes = arguments
for name in ("bcp_initW", "bcp_control", "bcp_bind", "bcp_sendrow"):
    getattr(bcp, name).restype = ctypes.c_int16


def handle(kind, parent):
    made = pointer()
    assert odbc.SQLAllocHandle(ctypes.c_int16(kind), parent, ctypes.byref(made)) == 0
    return made


def text(words):
    return ctypes.create_string_buffer((words + "\0").encode("utf-16-le"))


def native_error(dbc):
    state, native = ctypes.create_string_buffer(6), number()
    message, length = ctypes.create_string_buffer(1024), ctypes.c_int16()
    first, capacity = ctypes.c_int16(1), ctypes.c_int16(len(message))
    odbc.SQLGetDiagRec(
        ctypes.c_int16(DBC), dbc, first, state, ctypes.byref(native), message, capacity, ctypes.byref(length)
    )
    return f"{state.value.decode()} {native.value} {message.value.decode()}"


def connected():
    environment = handle(ENV, None)
    odbc.SQLSetEnvAttr(environment, ODBC_VERSION, pointer(ODBC_3), 0)
    dbc = handle(DBC, environment)
    assert odbc.SQLSetConnectAttr(dbc, BCP, pointer(BCP_ON), IS_UINTEGER) == 0
    words = string.encode()
    answer = odbc.SQLDriverConnect(dbc, None, words, len(words), None, 0, None, 0)
    assert answer in (0, 1), native_error(dbc)
    return dbc


def must(answer, dbc):
    assert answer == SUCCEED, native_error(dbc)


class Load:
    """A load into the table, with a buffer for each column: the length, and the value after it."""

    def __init__(self, dbc):
        self.dbc, self.buffers = dbc, []
        must(bcp.bcp_initW(dbc, text("[dbo].[loaded]"), None, None, DB_IN), dbc)
        must(bcp.bcp_control(dbc, OPTION_HINTS, text("TABLOCK")), dbc)
        for column, kind in enumerate((INT4, NVARCHAR, DECIMAL, DATETIME2, NVARCHAR), 1):
            buffer = ctypes.create_string_buffer(8 + 20000)
            self.buffers.append(buffer)
            must(bcp.bcp_bind(dbc, buffer, 8, VARLEN_DATA, None, 0, kind, column), dbc)

    def send(self, *values):
        for buffer, value in zip(self.buffers, values):
            length = NULL_DATA if value is None else len(value)
            ctypes.memmove(buffer, struct.pack("<q", length) + (value or b""), 8 + len(value or b""))
        must(bcp.bcp_sendrow(self.dbc), self.dbc)

    def batch(self):
        return bcp.bcp_batch(self.dbc)

    def done(self):
        return bcp.bcp_done(self.dbc)


def row(key, name="Zoë", amount=-12345, time=(2026, 1, 2, 3, 4, 5, 123456000), note="x" * 9000):
    return (
        struct.pack("<i", key),
        name and name.encode("utf-16-le"),
        amount and struct.pack("<BbB16s", 9, 2, amount > 0, abs(amount).to_bytes(16, "little")),
        time and struct.pack("<hHHHHHI", *time),
        note and note.encode("utf-16-le"),
    )


database = pyodbc.connect(string, autocommit=True)
database.execute(
    "CREATE TABLE loaded (id int NOT NULL PRIMARY KEY, name nvarchar(20), amount decimal(9, 2), at datetime2(6),"
    " note nvarchar(max))"
)


def count():
    return database.execute("SELECT COUNT(*) FROM loaded").fetchval()


dbc = connected()
load = Load(dbc)
load.send(*row(1))
load.send(*row(2, None, None, None, None))
print(load.batch(), end=" ")
load.send(*row(3, name=""))
print(load.done())
for found in database.execute("SELECT id, name, amount, at, LEN(note) FROM loaded ORDER BY id"):
    print(*found, sep="|")

load = Load(dbc)
load.send(*row(4))
load.send(*row(1))
print(load.batch(), native_error(dbc))
load.done()
print(count())

odbc.SQLSetConnectAttr(dbc, AUTOCOMMIT, pointer(0), IS_INTEGER)
for end in (ROLLBACK, COMMIT):
    load = Load(dbc)
    load.send(*row(5))
    told, before = load.done(), count()
    assert odbc.SQLEndTran(ctypes.c_int16(DBC), dbc, ctypes.c_int16(end)) == 0
    print(told, before, count())
