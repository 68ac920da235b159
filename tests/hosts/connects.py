"""A host that calls a driver without a driver manager, so that each UTF-16 unit of a string arrives as it is meant.

    connects.py <library>

Reads a line of JSON for each connect, `{"string": [unit, ...], "token": "..." or null, "timeout": seconds}`: a string for
SQLDriverConnectW, a token to be set as SQL_COPT_SS_ACCESS_TOKEN before, and the login timeout. Writes one for each,
`{"code": n, "records": [[state, native, message], ...]}`, and disconnects. With `"cancel": true` it calls SQLCancelHandle
on the open connection before, and writes what is there then: the connection's records, and the code of a query.
"""

import ctypes
import json
import struct
import sys

ENV, DBC, STMT = 1, 2, 3
ODBC_VERSION, ODBC_3 = 200, 3
LOGIN_TIMEOUT, ACCESS_TOKEN = 103, 1256
IS_POINTER = -4

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


def connect(dbc, units):
    return library.SQLDriverConnectW(dbc, None, text(units), len(units), None, 0, None, 0)


def cancel_too_late(dbc):
    library.SQLCancelHandle(DBC, dbc)
    kept = records(dbc)
    statement = handle(STMT, dbc)
    answer = library.SQLExecDirectW(statement, text("SELECT 1".encode("utf-16-le")[::2]), 8)
    library.SQLFreeHandle(STMT, statement)
    return {"code": answer, "records": kept}


environment = handle(ENV, None)
library.SQLSetEnvAttr(environment, ODBC_VERSION, pointer(ODBC_3), 0)
for line in sys.stdin:
    asked = json.loads(line)
    dbc = handle(DBC, environment)
    library.SQLSetConnectAttr(dbc, LOGIN_TIMEOUT, pointer(asked["timeout"]), 0)
    token = None
    if asked.get("token"):
        words = asked["token"].encode("utf-16-le")
        token = ctypes.create_string_buffer(struct.pack("<i", len(words)) + words)
        library.SQLSetConnectAttr(dbc, ACCESS_TOKEN, token, IS_POINTER)
    answer = connect(dbc, asked["string"])
    answered = {"code": answer, "records": records(dbc) if answer else []}
    if answer in (0, 1):
        if asked.get("cancel"):
            answered = cancel_too_late(dbc)
        library.SQLDisconnect(dbc)
    library.SQLFreeHandle(DBC, dbc)
    print(json.dumps(answered), flush=True)
