/* A connection of the stock driver that lies idle until someone says go on; then it is used again.
 *
 *   idle <connection string>
 */

#include "odbc.h"

int main(int count, char **arguments)
{
    SQLHANDLE connection = new_connection();
    entra_credential *credential;
    entra_text *stock;
    entra_error *error;

    CHECK(count == 2);
    DONE(entra_credential_from_string(arguments[1], &credential, &error));
    DONE(entra_stock_connection_string(arguments[1], &stock, &error));
    DONE(entra_set_access_token(connection, credential, NULL, 0, NULL, &error));
    /* Neither is needed for the renewal. */
    entra_credential_free(credential);
    open_connection(connection, entra_text_value(stock));
    entra_text_free(stock);
    say_who(connection);
    /* Connected already: the driver takes no other token, and the first one stays. */
    DONE(entra_credential_from_string("AccessToken=opaque", &credential, &error));
    FAILED(entra_set_access_token(connection, credential, NULL, 0, NULL, &error), "HY000", "SQLSetConnectAttr");
    entra_credential_free(credential);
    (void)getchar();
    say_who(connection);
    SQLDisconnect(connection);
    DONE(entra_release_access_token(connection, &error));
    SQLFreeHandle(SQL_HANDLE_DBC, connection);
    CHECK(entra_access_tokens_held() == 0);
    return 0;
}
