/* What the test programs do by ODBC. */
#ifndef ODBC_H
#define ODBC_H

#include "check.h"

#include <sql.h>
#include <sqlext.h>

static inline SQLHANDLE new_connection(void)
{
    SQLHANDLE environment, connection;
    CHECK(SQL_SUCCEEDED(SQLAllocHandle(SQL_HANDLE_ENV, SQL_NULL_HANDLE, &environment)));
    SQLSetEnvAttr(environment, SQL_ATTR_ODBC_VERSION, (SQLPOINTER)SQL_OV_ODBC3, 0);
    CHECK(SQL_SUCCEEDED(SQLAllocHandle(SQL_HANDLE_DBC, environment, &connection)));
    return connection;
}

/* Says why a call failed, and ends. */
static void fail(SQLSMALLINT type, SQLHANDLE handle)
{
    SQLCHAR state[6], message[512];
    SQLGetDiagRec(type, handle, 1, state, NULL, message, sizeof message, NULL);
    fprintf(stderr, "%s %s\n", (char *)state, (char *)message);
    exit(1);
}

static void open_connection(SQLHANDLE connection, const char *connection_string)
{
    if (!SQL_SUCCEEDED(SQLDriverConnect(connection, NULL, (SQLCHAR *)connection_string, SQL_NTS, NULL, 0, NULL,
            SQL_DRIVER_NOPROMPT)))
        fail(SQL_HANDLE_DBC, connection);
}

/* Prints who the server says we are. */
static void say_who(SQLHANDLE connection)
{
    SQLHANDLE statement;
    SQLCHAR name[256];
    SQLLEN length;
    CHECK(SQL_SUCCEEDED(SQLAllocHandle(SQL_HANDLE_STMT, connection, &statement)));
    if (!SQL_SUCCEEDED(SQLExecDirect(statement, (SQLCHAR *)"SELECT SUSER_SNAME()", SQL_NTS))
        || !SQL_SUCCEEDED(SQLFetch(statement))
        || !SQL_SUCCEEDED(SQLGetData(statement, 1, SQL_C_CHAR, name, sizeof name, &length)))
        fail(SQL_HANDLE_STMT, statement);
    puts((char *)name);
    fflush(stdout);
    SQLFreeHandle(SQL_HANDLE_STMT, statement);
}

#endif
