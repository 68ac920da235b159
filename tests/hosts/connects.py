"""A host that calls a driver without a driver manager, so that each UTF-16 unit of a string arrives as it is meant.

    connects.py <library>

Reads a line of JSON for each connect, `{"string": [unit, ...], "token": "..." or null, "dsn": bool}`: a string for
SQLDriverConnectW, or with `dsn` a data source for SQLConnectW, and a token to be set as SQL_COPT_SS_ACCESS_TOKEN.
Writes one for each, `{"code": n, "records": [[state, native, message], ...], "completed": "..."}`, and disconnects.
"""

import ctypes
import json
import struct
import sys

ENV, DBC = 1, 2
ODBC_VERSION, ODBC_3 = 200, 3
LOGIN_TIMEOUT, ACCESS_TOKEN = 103, 1256
IS_POINTER, NTS = -4, -3

library = ctypes.CDLL(sys.argv[1])
pointer = ctypes.c_void_p


def handle(kind, parent):
    made = pointer()
    answer = library.SQLAllocHandle(kind, parent, ctypes.byref(made))
    assert answer == 0, answer
    return made


def text(units):
    return (ctypes.c_uint16 * (len(units) + 1))(*units)


def records(dbc):
    found = []
    state, native = (ctypes.c_uint16 * 6)(), ctypes.c_int()
    message, length = (ctypes.c_uint16 * 1024)(), ctypes.c_int16()
    while library.SQLGetDiagRecW(
        DBC, dbc, len(found) + 1, state, ctypes.byref(native), message, 1024, ctypes.byref(length)
    ) in (0, 1):
        words = bytes(message)[: 2 * min(length.value, 1023)].decode("utf-16-le", "replace")
        found.append([bytes(state)[:10].decode("utf-16-le"), native.value, words])
    return found


def connect(dbc, asked):
    if asked.get("dsn"):
        units = asked["string"]
        return library.SQLConnectW(dbc, text(units), len(units), None, NTS, None, NTS), ""
    completed, length = (ctypes.c_uint16 * 8192)(), ctypes.c_int16()
    units = asked["string"]
    answer = library.SQLDriverConnectW(
        dbc, None, text(units), len(units), completed, 8192, ctypes.byref(length), 0
    )
    whole = bytes(completed)[: 2 * max(length.value, 0)].decode("utf-16-le", "replace")
    return answer, whole if answer in (0, 1) else ""


environment = handle(ENV, None)
library.SQLSetEnvAttr(environment, ODBC_VERSION, pointer(ODBC_3), 0)
for line in sys.stdin:
    asked = json.loads(line)
    dbc = handle(DBC, environment)
    library.SQLSetConnectAttr(dbc, LOGIN_TIMEOUT, pointer(asked.get("timeout", 5)), 0)
    token = None
    if asked.get("token"):
        words = asked["token"].encode("utf-16-le")
        token = ctypes.create_string_buffer(struct.pack("<i", len(words)) + words)
        library.SQLSetConnectAttr(dbc, ACCESS_TOKEN, token, IS_POINTER)
    answer, completed = connect(dbc, asked)
    answered = {"code": answer, "records": records(dbc) if answer else [], "completed": completed}
    if answer in (0, 1):
        library.SQLDisconnect(dbc)
    library.SQLFreeHandle(DBC, dbc)
    print(json.dumps(answered), flush=True)
