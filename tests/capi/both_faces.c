/* Both faces of the library in one program: what is registered by the C API serves connections of the ODBC driver.
 *
 *   both_faces <connection string with TokenProvider=mine> <access token>
 */

#include "odbc.h"

static void provides(void *token, const char *scope, uint32_t patience_ms, entra_answer *answer)
{
    (void)scope, (void)patience_ms;
    CHECK(entra_answer_token(answer, token, 0, "ada") == 0);
}

int main(int count, char **arguments)
{
    SQLHANDLE connection;
    entra_error *error;

    CHECK(count == 3);
    DONE(entra_register_provider("mine", provides, arguments[2], &error));
    connection = new_connection();
    open_connection(connection, arguments[1]);
    say_who(connection);
    SQLDisconnect(connection);
    SQLFreeHandle(SQL_HANDLE_DBC, connection);
    return 0;
}
