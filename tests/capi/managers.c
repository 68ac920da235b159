/* Which driver manager's SQLSetConnectAttr is taken, in a program that is linked with none.
 *
 *   managers <a copy of libodbc>
 */

#include "check.h"

#include <dlfcn.h>

int main(int count, char **arguments)
{
    entra_credential *credential;
    entra_error *error;
    void *environment = NULL, *connection = NULL;
    short (*allocate)(short, void *, void **);
    short (*set)(void *, int, void *, int);
    void *libodbc, *symbol;

    CHECK(count == 2);
    DONE(entra_credential_from_string("AccessToken=opaque", &credential, &error));
    FAILED(entra_set_access_token(&count, credential, NULL, 0, NULL, &error), "HY000", "no driver manager");
    CHECK(dlopen("libodbc.so.2", RTLD_NOW | RTLD_NOLOAD) == NULL);

    libodbc = dlopen("libodbc.so.2", RTLD_NOW | RTLD_LOCAL);
    CHECK(libodbc != NULL);
    symbol = dlsym(libodbc, "SQLAllocHandle");
    memcpy(&allocate, &symbol, sizeof symbol);
    symbol = dlsym(libodbc, "SQLSetEnvAttr");
    memcpy(&set, &symbol, sizeof symbol);
    CHECK(allocate(1, NULL, &environment) == 0 && set(environment, 200, (void *)3, 0) == 0);
    CHECK(allocate(2, environment, &connection) == 0);
    DONE(entra_set_access_token(connection, credential, NULL, 0, NULL, &error));
    CHECK(entra_access_tokens_held() == 1);

    CHECK(dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL) != NULL);
    FAILED(entra_set_access_token(connection, credential, NULL, 0, NULL, &error), "HY000", "several driver managers");
    symbol = dlsym(libodbc, "SQLSetConnectAttr");
    DONE(entra_set_access_token(connection, credential, NULL, 0, symbol, &error));
    DONE(entra_release_access_token(connection, &error));
    entra_credential_free(credential);
    puts("all fine");
    return 0;
}
