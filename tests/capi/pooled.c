/* unixODBC keeps a connection of the stock driver in its pool, with the address of the token that opened it, while the
 * handle that the token was set on is freed and its address serves others.
 *
 *   pooled <connection string> <ada's token> <grace's token> <ada|grace> <number of others>
 */

#include "odbc.h"

enum { AT_ONCE = 64 };

static entra_error *error;

/* Sets a token of one's own on a handle. */
static void set(SQLHANDLE connection, const char *token)
{
    static char text[1 << 16];
    entra_credential *credential;
    snprintf(text, sizeof text, "AccessToken=%s", token);
    DONE(entra_credential_from_string(text, &credential, &error));
    DONE(entra_set_access_token(connection, credential, NULL, 0, NULL, &error));
    entra_credential_free(credential);
}

static SQLHANDLE next_connection(SQLHANDLE environment)
{
    SQLHANDLE connection;
    CHECK(SQL_SUCCEEDED(SQLAllocHandle(SQL_HANDLE_DBC, environment, &connection)));
    return connection;
}

static void free_connection(SQLHANDLE connection)
{
    SQLDisconnect(connection);
    SQLFreeHandle(SQL_HANDLE_DBC, connection);
}

/* Prints who the server says we are, or the SQLSTATE. */
static void say_who_or_state(SQLHANDLE connection)
{
    SQLHANDLE statement;
    SQLCHAR state[6];
    CHECK(SQL_SUCCEEDED(SQLAllocHandle(SQL_HANDLE_STMT, connection, &statement)));
    if (SQL_SUCCEEDED(SQLExecDirect(statement, (SQLCHAR *)"SELECT 1", SQL_NTS))) {
        SQLFreeHandle(SQL_HANDLE_STMT, statement);
        say_who(connection);
        return;
    }
    SQLGetDiagRec(SQL_HANDLE_STMT, statement, 1, state, NULL, NULL, 0, NULL);
    puts((char *)state);
    fflush(stdout);
    SQLFreeHandle(SQL_HANDLE_STMT, statement);
}

int main(int count, char **arguments)
{
    SQLHANDLE environment, connection, others[AT_ONCE];

    CHECK(count == 6);
    SQLSetEnvAttr(SQL_NULL_HANDLE, SQL_ATTR_CONNECTION_POOLING, (SQLPOINTER)SQL_CP_ONE_PER_DRIVER, 0);
    CHECK(SQL_SUCCEEDED(SQLAllocHandle(SQL_HANDLE_ENV, SQL_NULL_HANDLE, &environment)));
    SQLSetEnvAttr(environment, SQL_ATTR_ODBC_VERSION, (SQLPOINTER)SQL_OV_ODBC3, 0);

    connection = next_connection(environment);
    set(connection, arguments[2]);
    open_connection(connection, arguments[1]);
    say_who(connection);
    free_connection(connection);

    for (int other = 0; other < atoi(arguments[5]); other++) {
        char token[32];
        connection = next_connection(environment);
        snprintf(token, sizeof token, "opaque-%d", other);
        set(connection, token);
        /* Every second handle's token is given up, the others' handles are freed as they are. */
        if (other % 2 == 0)
            DONE(entra_release_access_token(connection, &error));
        SQLFreeHandle(SQL_HANDLE_DBC, connection);
    }
    /* Where memory was unmapped, these would come there. */
    for (int other = 0; other < AT_ONCE; other++) {
        others[other] = next_connection(environment);
        set(others[other], arguments[3]);
    }
    puts("given up");
    fflush(stdout);
    (void)getchar();

    connection = next_connection(environment);
    set(connection, strcmp(arguments[4], "ada") == 0 ? arguments[2] : arguments[3]);
    open_connection(connection, arguments[1]);
    say_who_or_state(connection);
    free_connection(connection);
    for (int other = 0; other < AT_ONCE; other++)
        SQLFreeHandle(SQL_HANDLE_DBC, others[other]);
    return 0;
}
