/* Makes one cheap call of the driver many times: SQLNumResultCols on a statement that has a result.
 *
 *   calls direct <library> <connection string> <count>    the functions of the library itself
 *   calls manager - <connection string> <count>           through the driver manager
 *
 * Prints nanoseconds per call. The calls are made in `measured`, so that callgrind can be told to count there alone.
 */
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
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

typedef SQLRETURN (*Call)(SQLHSTMT, SQLSMALLINT *);

__attribute__((noinline)) double measured(Call call, SQLHSTMT stmt, long count)
{
    SQLSMALLINT columns;
    double start = now();
    for (long i = 0; i < count; i++)
        call(stmt, &columns);
    return (now() - start) / (double)(count ? count : 1);
}

static SQLWCHAR *wide(const char *text)
{
    SQLWCHAR *copy = calloc(strlen(text) + 1, sizeof *copy);
    for (size_t i = 0; text[i]; i++)
        copy[i] = (unsigned char)text[i];
    return copy;
}

static int direct(const char *path, const char *string, long count)
{
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        fprintf(stderr, "%s\n", dlerror());
        return 1;
    }
#define F(name) ((__typeof__(&name))dlsym(library, #name))
    SQLHENV env = NULL;
    SQLHDBC dbc = NULL;
    SQLHSTMT stmt = NULL;
    F(SQLAllocHandle)(SQL_HANDLE_ENV, NULL, &env);
    F(SQLSetEnvAttr)(env, SQL_ATTR_ODBC_VERSION, (SQLPOINTER)SQL_OV_ODBC3, 0);
    F(SQLAllocHandle)(SQL_HANDLE_DBC, env, &dbc);
    if (!SQL_SUCCEEDED(F(SQLDriverConnectW)(dbc, NULL, wide(string), SQL_NTS, NULL, 0, NULL, SQL_DRIVER_NOPROMPT)))
        return 2;
    F(SQLAllocHandle)(SQL_HANDLE_STMT, dbc, &stmt);
    if (!SQL_SUCCEEDED(F(SQLExecDirectW)(stmt, wide("SELECT 1"), SQL_NTS)))
        return 3;
    printf("%.2f\n", measured(F(SQLNumResultCols), stmt, count));
    F(SQLFreeHandle)(SQL_HANDLE_STMT, stmt);
    F(SQLDisconnect)(dbc);
    return 0;
}

static int manager(const char *string, long count)
{
    SQLHENV env;
    SQLHDBC dbc;
    SQLHSTMT stmt;
    SQLAllocHandle(SQL_HANDLE_ENV, SQL_NULL_HANDLE, &env);
    SQLSetEnvAttr(env, SQL_ATTR_ODBC_VERSION, (SQLPOINTER)SQL_OV_ODBC3, 0);
    SQLAllocHandle(SQL_HANDLE_DBC, env, &dbc);
    if (!SQL_SUCCEEDED(SQLDriverConnect(dbc, NULL, (SQLCHAR *)string, SQL_NTS, NULL, 0, NULL, SQL_DRIVER_NOPROMPT))) {
        SQLCHAR state[6], text[512] = "";
        SQLGetDiagRec(SQL_HANDLE_DBC, dbc, 1, state, NULL, text, sizeof text, NULL);
        fprintf(stderr, "%s\n", text);
        return 2;
    }
    SQLAllocHandle(SQL_HANDLE_STMT, dbc, &stmt);
    if (!SQL_SUCCEEDED(SQLExecDirect(stmt, (SQLCHAR *)"SELECT 1", SQL_NTS)))
        return 3;
    printf("%.2f\n", measured(SQLNumResultCols, stmt, count));
    SQLFreeHandle(SQL_HANDLE_STMT, stmt);
    SQLDisconnect(dbc);
    SQLFreeHandle(SQL_HANDLE_DBC, dbc);
    SQLFreeHandle(SQL_HANDLE_ENV, env);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc != 5)
        return 9;
    long count = atol(argv[4]);
    return !strcmp(argv[1], "direct") ? direct(argv[2], argv[3], count) : manager(argv[3], count);
}
