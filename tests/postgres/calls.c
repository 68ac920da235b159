/* Calls the driver in many ways and prints every answer, so that two drivers can be compared by their output.
 *
 *   calls ansi <connection string>       through the driver manager, as an ANSI program
 *   calls wide <connection string>       through the driver manager, as a Unicode program
 *   calls lacking <library> <string>     without a manager: functions that the target driver lacks
 */
#include <dlfcn.h>
#include <sql.h>
#include <sqlext.h>
#include <sqlucode.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static SQLHENV env;
static SQLHDBC dbc;
static SQLHSTMT stmt;

static void records(SQLSMALLINT type, SQLHANDLE handle)
{
    SQLCHAR state[6], text[512];
    SQLINTEGER native;
    SQLSMALLINT length;
    for (SQLSMALLINT i = 1; SQL_SUCCEEDED(SQLGetDiagRec(type, handle, i, state, &native, text, sizeof text, &length)); i++)
        printf("    %d: %s %d %d %s\n", i, state, (int)native, length, text);
    SQLINTEGER number = -1;
    SQLRETURN ret = SQLGetDiagField(type, handle, 0, SQL_DIAG_NUMBER, &number, 0, NULL);
    printf("    number %d %d\n", ret, (int)number);
    SQLCHAR origin[64] = "";
    ret = SQLGetDiagField(type, handle, 1, SQL_DIAG_CLASS_ORIGIN, origin, sizeof origin, &length);
    printf("    origin %d %s\n", ret, ret == SQL_SUCCESS ? (char *)origin : "");
}

static SQLRETURN say(const char *what, SQLRETURN ret, SQLSMALLINT type, SQLHANDLE handle)
{
    printf("%s: %d\n", what, ret);
    if (ret == SQL_ERROR || ret == SQL_SUCCESS_WITH_INFO)
        records(type, handle);
    return ret;
}

#define S(call) say(#call, call, SQL_HANDLE_STMT, stmt)
#define D(call) say(#call, call, SQL_HANDLE_DBC, dbc)
#define E(call) say(#call, call, SQL_HANDLE_ENV, env)
#define T(text) (SQLCHAR *)(text), SQL_NTS

static SQLWCHAR *wide(const char *text)
{
    static SQLWCHAR buffers[4][1024];
    static int next;
    SQLWCHAR *buffer = buffers[next++ % 4];
    size_t i = 0;
    for (; text[i]; i++)
        buffer[i] = (unsigned char)text[i];
    buffer[i] = 0;
    return buffer;
}

static void print_wide(const char *what, const SQLWCHAR *text, long length)
{
    printf("%s: ", what);
    for (long i = 0; i < length && text[i]; i++)
        printf(text[i] < 128 ? "%c" : "<%04x>", text[i]);
    puts("");
}

static void rows(void)
{
    SQLSMALLINT columns = -1;
    S(SQLNumResultCols(stmt, &columns));
    printf("columns %d\n", columns);
    for (SQLSMALLINT i = 1; i <= columns; i++) {
        SQLCHAR name[64];
        SQLSMALLINT length, type, digits, nullable;
        SQLULEN size;
        SQLLEN number = 0;
        S(SQLDescribeCol(stmt, i, name, sizeof name, &length, &type, &size, &digits, &nullable));
        printf("column %s %d %d %lu %d %d\n", name, length, type, (unsigned long)size, digits, nullable);
        S(SQLColAttribute(stmt, i, SQL_DESC_DISPLAY_SIZE, NULL, 0, NULL, &number));
        printf("display %ld\n", (long)number);
    }
    while (SQL_SUCCEEDED(S(SQLFetch(stmt))))
        for (SQLSMALLINT i = 1; i <= columns; i++) {
            char text[20];
            SQLLEN length = 0;
            /* A value longer than the buffer comes in parts, with a warning each. */
            for (SQLRETURN ret; (ret = S(SQLGetData(stmt, i, SQL_C_CHAR, text, sizeof text, &length))) != SQL_NO_DATA;) {
                printf("value %d %ld %s\n", i, (long)length, length == SQL_NULL_DATA ? "NULL" : text);
                if (ret != SQL_SUCCESS_WITH_INFO)
                    break;
            }
        }
    S(SQLCloseCursor(stmt));
}

static void functions(void)
{
    for (SQLUSMALLINT i = 1; i < 1100; i++) {
        SQLUSMALLINT supported = 0;
        if (i == SQL_API_ODBC3_ALL_FUNCTIONS)
            continue; /* not a function, and its answer is an array */
        if (SQLGetFunctions(dbc, i, &supported) == SQL_SUCCESS && supported)
            printf("function %d\n", i);
    }
}

static void attributes(void)
{
    SQLCHAR text[256];
    SQLINTEGER length = 0;
    SQLUINTEGER number = 77;
    D(SQLSetConnectAttr(dbc, SQL_ATTR_AUTOCOMMIT, (SQLPOINTER)SQL_AUTOCOMMIT_OFF, SQL_IS_UINTEGER));
    D(SQLGetConnectAttr(dbc, SQL_ATTR_AUTOCOMMIT, &number, sizeof number, NULL));
    printf("autocommit %u\n", number);
    D(SQLGetConnectAttr(dbc, SQL_ATTR_CURRENT_CATALOG, text, sizeof text, &length));
    printf("catalog %d %s\n", (int)length, text);
    D(SQLGetConnectAttr(dbc, SQL_ATTR_CONNECTION_DEAD, &number, sizeof number, NULL));
    printf("dead %u\n", number);
    D(SQLSetConnectAttr(dbc, 31234, (SQLPOINTER)1, SQL_IS_UINTEGER));
    /* An access token to Microsoft's drivers; to this one a number like any other. */
    D(SQLSetConnectAttr(dbc, 1256, (SQLPOINTER)1, SQL_IS_UINTEGER));
    D(SQLSetConnectAttr(dbc, 1256, NULL, SQL_IS_POINTER));
    /* The calls of ODBC 2, which the manager maps or not. */
    memset(text, 0, sizeof text);
    D(SQLGetConnectOption(dbc, SQL_CURRENT_QUALIFIER, text));
    printf("qualifier %s\n", text);
    number = 77;
    D(SQLGetConnectOption(dbc, SQL_AUTOCOMMIT, &number));
    printf("autocommit %u\n", number);
    D(SQLSetConnectOption(dbc, SQL_AUTOCOMMIT, SQL_AUTOCOMMIT_ON));
    D(SQLGetConnectOption(dbc, SQL_AUTOCOMMIT, &number));
    printf("autocommit %u\n", number);
    D(SQLSetConnectOption(dbc, SQL_AUTOCOMMIT, SQL_AUTOCOMMIT_OFF));
    D(SQLCancelHandle(SQL_HANDLE_DBC, dbc));
}

static void info(void)
{
    static const SQLUSMALLINT texts[] = {SQL_DRIVER_NAME, SQL_DRIVER_VER, SQL_DRIVER_ODBC_VER, SQL_DBMS_NAME,
                                         SQL_DATABASE_NAME, SQL_IDENTIFIER_QUOTE_CHAR};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        SQLCHAR text[64] = "";
        SQLSMALLINT length = 0;
        D(SQLGetInfo(dbc, texts[i], text, sizeof text, &length));
        printf("info %d %d %s\n", texts[i], length, text);
        D(SQLGetInfo(dbc, texts[i], text, 3, &length));
        printf("info %d %d %s\n", texts[i], length, text);
    }
    SQLUINTEGER mask = 0;
    D(SQLGetInfo(dbc, SQL_GETDATA_EXTENSIONS, &mask, sizeof mask, NULL));
    printf("info %u\n", mask);
    SQLCHAR sql[128];
    SQLINTEGER length = 0;
    D(SQLNativeSql(dbc, T("select {fn ucase('a')}"), sql, sizeof sql, &length));
    printf("native %d %s\n", (int)length, sql);
}

static void statements(void)
{
    E(SQLAllocHandle(SQL_HANDLE_STMT, dbc, &stmt));
    S(SQLExecDirect(stmt, T("create temp table t (i int, s varchar(40))")));
    D(SQLEndTran(SQL_HANDLE_DBC, dbc, SQL_COMMIT));

    S(SQLPrepare(stmt, T("insert into t values (?, ?)")));
    SQLSMALLINT number = -1;
    S(SQLNumParams(stmt, &number));
    SQLSMALLINT type, digits, nullable;
    SQLULEN size;
    S(SQLDescribeParam(stmt, 1, &type, &size, &digits, &nullable));
    printf("params %d, first %d %lu %d %d\n", number, type, (unsigned long)size, digits, nullable);
    SQLINTEGER i = 0;
    SQLWCHAR s[] = {'h', 0xe9, 0x4e2d, '!', 0};
    SQLLEN nts = SQL_NTS;
    S(SQLBindParameter(stmt, 1, SQL_PARAM_INPUT, SQL_C_SLONG, SQL_INTEGER, 0, 0, &i, 0, NULL));
    S(SQLBindParameter(stmt, 2, SQL_PARAM_INPUT, SQL_C_WCHAR, SQL_WVARCHAR, 40, 0, s, 0, &nts));
    for (; i < 3; i++) {
        SQLLEN count = -7;
        S(SQLExecute(stmt));
        S(SQLRowCount(stmt, &count));
        printf("count %ld\n", (long)count);
    }
    /* An array of parameters, by the call of ODBC 2. */
    SQLINTEGER many[2] = {10, 11};
    SQLULEN done = 0;
    S(SQLFreeStmt(stmt, SQL_RESET_PARAMS));
    S(SQLParamOptions(stmt, 2, &done));
    S(SQLPrepare(stmt, T("insert into t values (?, 'many')")));
    S(SQLBindParameter(stmt, 1, SQL_PARAM_INPUT, SQL_C_SLONG, SQL_INTEGER, 0, 0, many, 0, NULL));
    S(SQLExecute(stmt));
    printf("done %lu\n", (unsigned long)done);
    S(SQLFreeStmt(stmt, SQL_RESET_PARAMS));
    S(SQLSetStmtAttr(stmt, SQL_ATTR_PARAMSET_SIZE, (SQLPOINTER)1, 0));

    S(SQLExecDirect(stmt, T("select i, s, repeat('x', 30) as long, null as nothing from t order by i")));
    rows();
    D(SQLEndTran(SQL_HANDLE_DBC, dbc, SQL_ROLLBACK));
    S(SQLExecDirect(stmt, T("select count(*) from t")));
    rows();

    S(SQLExecDirect(stmt, T("selekt 1")));
    D(SQLTransact(env, dbc, SQL_ROLLBACK));
    S(SQLCloseCursor(stmt));
    S(SQLFetch(stmt));
    S(SQLSetPos(stmt, 1, SQL_POSITION, SQL_LOCK_NO_CHANGE));
    S(SQLSetStmtAttr(stmt, 31234, (SQLPOINTER)1, 0));
    S(SQLCancel(stmt));

    S(SQLExecDirect(stmt, T("select 1; select 'two'")));
    rows();
    if (S(SQLMoreResults(stmt)) == SQL_SUCCESS)
        rows();
    S(SQLFreeStmt(stmt, SQL_CLOSE));

    /* Scrolling, by the calls of ODBC 2 and of ODBC 3. */
    SQLINTEGER cells[3];
    SQLULEN fetched = 0;
    SQLUSMALLINT status[3];
    S(SQLSetScrollOptions(stmt, SQL_CONCUR_READ_ONLY, SQL_SCROLL_STATIC, 3));
    S(SQLExecDirect(stmt, T("select * from generate_series(1, 5)")));
    S(SQLBindCol(stmt, 1, SQL_C_SLONG, cells, 0, NULL));
    while (SQL_SUCCEEDED(S(SQLExtendedFetch(stmt, SQL_FETCH_NEXT, 0, &fetched, status))))
        for (SQLULEN row = 0; row < fetched; row++)
            printf("cell %d status %d\n", (int)cells[row], status[row]);
    S(SQLFreeStmt(stmt, SQL_CLOSE));
    S(SQLSetStmtAttr(stmt, SQL_ATTR_ROW_ARRAY_SIZE, (SQLPOINTER)2, 0));
    S(SQLSetStmtAttr(stmt, SQL_ATTR_ROWS_FETCHED_PTR, &fetched, 0));
    S(SQLExecDirect(stmt, T("select * from generate_series(1, 5)")));
    while (SQL_SUCCEEDED(S(SQLFetchScroll(stmt, SQL_FETCH_NEXT, 0))))
        printf("rows %lu first %d\n", (unsigned long)fetched, (int)cells[0]);
    S(SQLFetchScroll(stmt, SQL_FETCH_ABSOLUTE, 2));
    S(SQLFreeStmt(stmt, SQL_CLOSE));
    S(SQLFreeStmt(stmt, SQL_UNBIND));
    S(SQLSetStmtAttr(stmt, SQL_ATTR_ROW_ARRAY_SIZE, (SQLPOINTER)1, 0));

    S(SQLColumns(stmt, NULL, 0, NULL, 0, T("t"), NULL, 0));
    SQLSMALLINT columns = 0;
    S(SQLNumResultCols(stmt, &columns));
    printf("catalogue columns %d\n", columns);
    S(SQLFreeStmt(stmt, SQL_CLOSE));
    S(SQLGetTypeInfo(stmt, SQL_INTEGER));
    rows();

    /* Descriptors. */
    SQLHDESC desc = NULL;
    SQLSMALLINT count = -1;
    S(SQLGetStmtAttr(stmt, SQL_ATTR_APP_ROW_DESC, &desc, SQL_IS_POINTER, NULL));
    say("SQLSetDescField", SQLSetDescField(desc, 0, SQL_DESC_COUNT, (SQLPOINTER)2, SQL_IS_SMALLINT), SQL_HANDLE_DESC, desc);
    say("SQLGetDescField", SQLGetDescField(desc, 0, SQL_DESC_COUNT, &count, SQL_IS_SMALLINT, NULL), SQL_HANDLE_DESC, desc);
    printf("desc count %d\n", count);
    S(SQLFreeHandle(SQL_HANDLE_STMT, stmt));
}

static void through_manager(int is_wide, const char *string)
{
    SQLAllocHandle(SQL_HANDLE_ENV, SQL_NULL_HANDLE, &env);
    E(SQLSetEnvAttr(env, SQL_ATTR_ODBC_VERSION, (SQLPOINTER)SQL_OV_ODBC3, 0));
    E(SQLAllocHandle(SQL_HANDLE_DBC, env, &dbc));
    D(SQLSetConnectAttr(dbc, SQL_ATTR_LOGIN_TIMEOUT, (SQLPOINTER)9, 0));
    char bad[1024];
    snprintf(bad, sizeof bad, "%s;Database=no_such_database", string);
    SQLSMALLINT length = 0;
    if (is_wide) {
        SQLWCHAR out[1024];
        printf("bad: %d\n", SQLDriverConnectW(dbc, NULL, wide(bad), SQL_NTS, out, 1024, &length, SQL_DRIVER_NOPROMPT));
        records(SQL_HANDLE_DBC, dbc);
        printf("good: %d\n", SQLDriverConnectW(dbc, NULL, wide(string), SQL_NTS, out, 1024, &length, SQL_DRIVER_NOPROMPT));
        print_wide("out", out, length);
        SQLAllocHandle(SQL_HANDLE_STMT, dbc, &stmt);
        S(SQLExecDirectW(stmt, wide("select 'wide', U&'\\4E2D'"), SQL_NTS));
        S(SQLFetch(stmt));
        SQLWCHAR value[32];
        SQLLEN size = 0;
        for (SQLUSMALLINT i = 1; i <= 2; i++) {
            S(SQLGetData(stmt, i, SQL_C_WCHAR, value, sizeof value, &size));
            print_wide("value", value, size / 2);
        }
        S(SQLFreeStmt(stmt, SQL_CLOSE));
        S(SQLExecDirectW(stmt, wide("selekt"), SQL_NTS));
        SQLWCHAR state[6], text[256];
        SQLINTEGER native = 0;
        printf("record: %d\n", SQLGetDiagRecW(SQL_HANDLE_STMT, stmt, 1, state, &native, text, 256, &length));
        print_wide("state", state, 5);
        print_wide("text", text, length);
        printf("record, cut: %d\n", SQLGetDiagRecW(SQL_HANDLE_STMT, stmt, 1, state, &native, text, 8, &length));
        printf("length %d\n", length);
        S(SQLFreeHandle(SQL_HANDLE_STMT, stmt));
    } else {
        SQLCHAR out[1024] = "";
        D(SQLDriverConnect(dbc, NULL, T(bad), out, sizeof out, &length, SQL_DRIVER_NOPROMPT));
        D(SQLDriverConnect(dbc, NULL, T(string), out, sizeof out, &length, SQL_DRIVER_NOPROMPT));
        printf("out %d %s\n", length, out);
    }
    functions();
    info();
    attributes();
    statements();
    D(SQLEndTran(SQL_HANDLE_DBC, dbc, SQL_ROLLBACK));
    D(SQLDisconnect(dbc));
    D(SQLFreeHandle(SQL_HANDLE_DBC, dbc));
    E(SQLFreeHandle(SQL_HANDLE_ENV, env));
}

/* What a program without a manager sees of functions that the target driver lacks. */
static int lacking(const char *path, const char *string)
{
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        puts(dlerror());
        return 1;
    }
#define F(name) ((SQLRETURN (*)())dlsym(library, #name))
    F(SQLAllocHandle)(SQL_HANDLE_ENV, NULL, &env);
    F(SQLSetEnvAttr)(env, SQL_ATTR_ODBC_VERSION, (SQLPOINTER)SQL_OV_ODBC3, 0);
    F(SQLAllocHandle)(SQL_HANDLE_DBC, env, &dbc);
    SQLWCHAR out[8], state[6] = {0}, text[256];
    SQLSMALLINT length = 0;
    printf("connect %d\n", F(SQLDriverConnectW)(dbc, NULL, wide(string), SQL_NTS, out, 8, &length, SQL_DRIVER_NOPROMPT) >= 0);
    F(SQLAllocHandle)(SQL_HANDLE_STMT, dbc, &stmt);
    SQLULEN row = 0;
    SQLINTEGER native = 7;
    for (int again = 0; again < 2; again++) {
        printf("SQLParamOptions %d\n", F(SQLParamOptions)(stmt, (SQLULEN)1, &row));
        printf("record %d\n", F(SQLGetDiagRecW)(SQL_HANDLE_STMT, stmt, 1, state, &native, text, 256, &length));
        print_wide("state", state, 5);
        print_wide("text", text, length);
        SQLINTEGER number = 0;
        printf("field %d", F(SQLGetDiagFieldW)(SQL_HANDLE_STMT, stmt, 0, SQL_DIAG_NUMBER, &number, 0, NULL));
        printf(" %d\n", (int)number);
        printf("second record %d\n", F(SQLGetDiagRecW)(SQL_HANDLE_STMT, stmt, 2, state, &native, text, 256, &length));
    }
    printf("gone %d\n", F(SQLGetDiagRecW)(SQL_HANDLE_STMT, stmt, 1, state, &native, text, 256, &length));
    printf("SQLCancelHandle %d\n", F(SQLCancelHandle)(SQL_HANDLE_DBC, dbc));
    printf("record %d\n", F(SQLGetDiagRecW)(SQL_HANDLE_DBC, dbc, 1, state, &native, text, 256, &length));
    print_wide("state", state, 5);
    printf("bcp_sendrow %d, bcp_done %d\n", F(bcp_sendrow)(dbc), (int)((int (*)())dlsym(library, "bcp_done"))(dbc));
    SQLUINTEGER on = 7;
    printf("SQLGetConnectOptionW %d", F(SQLGetConnectOptionW)(dbc, SQL_AUTOCOMMIT, &on));
    printf(" %u\n", on);
    F(SQLFreeHandle)(SQL_HANDLE_STMT, stmt);
    F(SQLDisconnect)(dbc);
    F(SQLFreeHandle)(SQL_HANDLE_DBC, dbc);
    F(SQLFreeHandle)(SQL_HANDLE_ENV, env);
    return 0;
}

int main(int argc, char **argv)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc == 4 && !strcmp(argv[1], "lacking"))
        return lacking(argv[2], argv[3]);
    if (argc != 3)
        return 2;
    through_manager(!strcmp(argv[1], "wide"), argv[2]);
    return 0;
}
