/* Connects by the stock ODBC driver with a token of entra-odbc's, and prints who the server says we are.
 *
 *   connect <connection string with Authentication=...>
 */

#include <stdio.h>

#include <sql.h>
#include <sqlext.h>

#include <entra_odbc.h>

/* Prints what a call of ours says of its failure. */
static void tell(entra_error *error)
{
    fprintf(stderr, "%s %s\n", entra_error_sqlstate(error), entra_error_message(error));
    entra_error_free(error);
}

/* Prints what ODBC says of a handle. */
static void tell_odbc(SQLSMALLINT type, SQLHANDLE handle)
{
    SQLCHAR state[6], message[SQL_MAX_MESSAGE_LENGTH];
    SQLINTEGER native;
    SQLSMALLINT length, number = 1;

    while (SQL_SUCCEEDED(SQLGetDiagRec(type, handle, number++, state, &native, message, sizeof message, &length)))
        fprintf(stderr, "%s %s\n", (char *)state, (char *)message);
}

/* Shows a device code or a sign-in page, should the sign-in kind need one. */
static void show(void *user, const entra_prompt *prompt)
{
    (void)user;
    fprintf(stderr, "%s\n", prompt->message);
}

/* Prints the answer to a question that has one. */
static int ask(SQLHDBC connection, const char *question)
{
    SQLHSTMT statement;
    SQLCHAR answer[256];
    SQLLEN length;
    int failed = 1;

    if (!SQL_SUCCEEDED(SQLAllocHandle(SQL_HANDLE_STMT, connection, &statement)))
        return 1;
    if (SQL_SUCCEEDED(SQLExecDirect(statement, (SQLCHAR *)question, SQL_NTS)) && SQL_SUCCEEDED(SQLFetch(statement))
        && SQL_SUCCEEDED(SQLGetData(statement, 1, SQL_C_CHAR, answer, sizeof answer, &length))) {
        printf("%s\n", length == SQL_NULL_DATA ? "NULL" : (char *)answer);
        failed = 0;
    } else {
        tell_odbc(SQL_HANDLE_STMT, statement);
    }
    SQLFreeHandle(SQL_HANDLE_STMT, statement);
    return failed;
}

/* Signs in and connects. */
static int run(SQLHDBC connection, const char *connection_string)
{
    entra_credential *credential = NULL;
    entra_text *stock = NULL;
    entra_error *error;
    int failed = 1;

    if (entra_credential_from_string(connection_string, &credential, &error) != 0
        || entra_stock_connection_string(connection_string, &stock, &error) != 0
        || entra_set_access_token(connection, credential, NULL, 0, NULL, &error) != 0) {
        tell(error);
    } else if (SQL_SUCCEEDED(SQLDriverConnect(connection, NULL, (SQLCHAR *)entra_text_value(stock), SQL_NTS, NULL, 0,
                   NULL, SQL_DRIVER_NOPROMPT))) {
        failed = ask(connection, "SELECT SUSER_SNAME()");
        SQLDisconnect(connection);
    } else {
        tell_odbc(SQL_HANDLE_DBC, connection);
    }
    /* The connection is closed, so nobody reads its token any more. */
    entra_release_access_token(connection, NULL);
    entra_text_free(stock);
    entra_credential_free(credential);
    return failed;
}

int main(int count, char **arguments)
{
    SQLHENV environment;
    SQLHDBC connection;
    int failed = 1;

    if (count != 2) {
        fprintf(stderr, "usage: connect <connection string>\n");
        return 2;
    }
    entra_on_prompt(show, NULL);
    if (!SQL_SUCCEEDED(SQLAllocHandle(SQL_HANDLE_ENV, SQL_NULL_HANDLE, &environment)))
        return 1;
    SQLSetEnvAttr(environment, SQL_ATTR_ODBC_VERSION, (SQLPOINTER)SQL_OV_ODBC3, 0);
    if (SQL_SUCCEEDED(SQLAllocHandle(SQL_HANDLE_DBC, environment, &connection))) {
        failed = run(connection, arguments[1]);
        SQLFreeHandle(SQL_HANDLE_DBC, connection);
    }
    SQLFreeHandle(SQL_HANDLE_ENV, environment);
    return failed;
}
