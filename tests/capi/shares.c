/* Both faces of the library in one program: what is registered by the C API serves connections of the ODBC driver.
 *
 *   shares <connection string with TokenProvider=mine> <access token>
 */

#include "check.h"

#include <sql.h>
#include <sqlext.h>

static void provides(void *token, const char *scope, uint32_t patience_ms, entra_answer *answer)
{
    (void)scope, (void)patience_ms;
    CHECK(entra_answer_token(answer, token, 0, "ada") == 0);
}

int main(int count, char **arguments)
{
    SQLHANDLE environment, connection, statement;
    SQLCHAR name[256], message[512];
    SQLLEN length;
    entra_error *error;

    CHECK(count == 3);
    DONE(entra_register_provider("mine", provides, arguments[2], &error));
    CHECK(SQL_SUCCEEDED(SQLAllocHandle(SQL_HANDLE_ENV, SQL_NULL_HANDLE, &environment)));
    SQLSetEnvAttr(environment, SQL_ATTR_ODBC_VERSION, (SQLPOINTER)SQL_OV_ODBC3, 0);
    CHECK(SQL_SUCCEEDED(SQLAllocHandle(SQL_HANDLE_DBC, environment, &connection)));
    if (!SQL_SUCCEEDED(SQLDriverConnect(connection, NULL, (SQLCHAR *)arguments[1], SQL_NTS, NULL, 0, NULL,
            SQL_DRIVER_NOPROMPT))) {
        SQLGetDiagRec(SQL_HANDLE_DBC, connection, 1, name, NULL, message, sizeof message, NULL);
        fprintf(stderr, "%s\n", (char *)message);
        return 1;
    }
    CHECK(SQL_SUCCEEDED(SQLAllocHandle(SQL_HANDLE_STMT, connection, &statement)));
    CHECK(SQL_SUCCEEDED(SQLExecDirect(statement, (SQLCHAR *)"SELECT SUSER_SNAME()", SQL_NTS)));
    CHECK(SQL_SUCCEEDED(SQLFetch(statement)));
    CHECK(SQL_SUCCEEDED(SQLGetData(statement, 1, SQL_C_CHAR, name, sizeof name, &length)));
    puts((char *)name);
    SQLFreeHandle(SQL_HANDLE_STMT, statement);
    SQLDisconnect(connection);
    SQLFreeHandle(SQL_HANDLE_DBC, connection);
    SQLFreeHandle(SQL_HANDLE_ENV, environment);
    return 0;
}
