/* Loads the shim, signs in once, and says how long each took.
 *
 *   cold <library> <connection string>
 *
 * Prints, tab-separated, milliseconds: loading (library, environment, connection), and the connect. */
#include <dlfcn.h>
#include <sql.h>
#include <sqlext.h>
#include <sqlucode.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static SQLWCHAR *wide(const char *text)
{
    SQLWCHAR *copy = calloc(strlen(text) + 1, sizeof *copy);
    for (size_t i = 0; text[i]; i++)
        copy[i] = (unsigned char)text[i];
    return copy;
}

static void complain(SQLHDBC dbc, __typeof__(&SQLGetDiagRecW) get)
{
    SQLWCHAR state[6], text[512] = {0};
    if (SQL_SUCCEEDED(get(SQL_HANDLE_DBC, dbc, 1, state, NULL, text, 512, NULL)))
        for (size_t i = 0; text[i]; i++)
            fputc((char)text[i], stderr);
    fputc('\n', stderr);
}

int main(int argc, char **argv)
{
    if (argc != 3)
        return 9;
    SQLWCHAR *string = wide(argv[2]);
    double start = now();
    void *library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        fprintf(stderr, "%s\n", dlerror());
        return 1;
    }
#define F(name) ((__typeof__(&name))dlsym(library, #name))
    SQLHENV env = NULL;
    SQLHDBC dbc = NULL;
    F(SQLAllocHandle)(SQL_HANDLE_ENV, NULL, &env);
    F(SQLSetEnvAttr)(env, SQL_ATTR_ODBC_VERSION, (SQLPOINTER)SQL_OV_ODBC3, 0);
    F(SQLAllocHandle)(SQL_HANDLE_DBC, env, &dbc);
    double loaded = now();
    if (!SQL_SUCCEEDED(F(SQLDriverConnectW)(dbc, NULL, string, SQL_NTS, NULL, 0, NULL, SQL_DRIVER_NOPROMPT))) {
        complain(dbc, F(SQLGetDiagRecW));
        return 2;
    }
    printf("%.3f\t%.3f\n", loaded - start, now() - loaded);
    return 0;
}
