/* A program that knows only libodbc: connects, asks who it is, prints the answer.
 *
 *   cc -o plain plain.c -lodbc
 *   plain <connection string>
 */

#include <stdio.h>

#include <sql.h>
#include <sqlext.h>

static int fail(SQLSMALLINT type, SQLHANDLE handle)
{
    SQLCHAR state[6], message[SQL_MAX_MESSAGE_LENGTH];
    SQLINTEGER native;
    SQLSMALLINT length, number = 1;
    while (SQL_SUCCEEDED(SQLGetDiagRec(type, handle, number++, state, &native, message, sizeof message, &length)))
        fprintf(stderr, "%s %d %s\n", (char *)state, (int)native, (char *)message);
    return 1;
}

int main(int count, char **arguments)
{
    SQLHENV environment = SQL_NULL_HENV;
    SQLHDBC connection = SQL_NULL_HDBC;
    SQLHSTMT statement = SQL_NULL_HSTMT;
    SQLCHAR name[256], completed[1024];
    SQLCHAR question[] = "SELECT SUSER_SNAME()";
    SQLLEN length;
    SQLSMALLINT completed_length;

    if (count != 2) {
        fprintf(stderr, "usage: plain <connection string>\n");
        return 2;
    }
    if (!SQL_SUCCEEDED(SQLAllocHandle(SQL_HANDLE_ENV, SQL_NULL_HANDLE, &environment)))
        return 1;
    SQLSetEnvAttr(environment, SQL_ATTR_ODBC_VERSION, (SQLPOINTER)SQL_OV_ODBC3, 0);
    if (!SQL_SUCCEEDED(SQLAllocHandle(SQL_HANDLE_DBC, environment, &connection)))
        return fail(SQL_HANDLE_ENV, environment);
    if (!SQL_SUCCEEDED(SQLDriverConnect(connection, NULL, (SQLCHAR *)arguments[1], SQL_NTS, completed,
            sizeof completed, &completed_length, SQL_DRIVER_NOPROMPT)))
        return fail(SQL_HANDLE_DBC, connection);
    if (!SQL_SUCCEEDED(SQLAllocHandle(SQL_HANDLE_STMT, connection, &statement)))
        return fail(SQL_HANDLE_DBC, connection);
    if (!SQL_SUCCEEDED(SQLExecDirect(statement, question, SQL_NTS)) || !SQL_SUCCEEDED(SQLFetch(statement))
        || !SQL_SUCCEEDED(SQLGetData(statement, 1, SQL_C_CHAR, name, sizeof name, &length)))
        return fail(SQL_HANDLE_STMT, statement);
    printf("%s\n", length == SQL_NULL_DATA ? "NULL" : (char *)name);

    SQLFreeHandle(SQL_HANDLE_STMT, statement);
    SQLDisconnect(connection);
    SQLFreeHandle(SQL_HANDLE_DBC, connection);
    SQLFreeHandle(SQL_HANDLE_ENV, environment);
    return 0;
}
