/* The environment and the numbered connections, each allocated when a step first needs it. */

enum { CONNECTIONS = 16 };

static SQLHENV environment;
static struct connection {
    SQLHDBC handle;
    bool connected;
} connections[CONNECTIONS + 1];
static int current = 1;

static struct connection *here(void)
{
    return &connections[current];
}

static SQLRETURN allocate(void)
{
    if (environment == NULL) {
        SQLRETURN code = odbc.AllocHandle(SQL_HANDLE_ENV, SQL_NULL_HANDLE, &environment);
        if (!SQL_SUCCEEDED(code)) {
            printf("%s: no environment: %s\n", step_name, name_of(code));
            return code;
        }
        SQLPOINTER version = (SQLPOINTER)(uintptr_t)SQL_OV_ODBC3_80;
        code = odbc.SetEnvAttr(environment, SQL_ATTR_ODBC_VERSION, version, 0);
        if (has_failed(tell(code, SQL_HANDLE_ENV, environment)))
            return code;
    }
    SQLRETURN code = odbc.AllocHandle(SQL_HANDLE_DBC, environment, &here()->handle);
    return tell(code, SQL_HANDLE_ENV, environment);
}

/* The current connection. */
static SQLHDBC hdbc(void)
{
    if (here()->handle == NULL && has_failed(allocate()))
        exit(BROKEN);
    return here()->handle;
}

static SQLRETURN tell_hdbc(SQLRETURN code)
{
    return tell(code, SQL_HANDLE_DBC, hdbc());
}

static SQLRETURN free_connection(void)
{
    if (here()->handle == NULL)
        return SQL_INVALID_HANDLE;
    SQLRETURN code = odbc.FreeHandle(SQL_HANDLE_DBC, here()->handle);
    if (SQL_SUCCEEDED(code))
        *here() = (struct connection) { 0 };
    else
        tell_hdbc(code);
    return code;
}

static SQLRETURN free_environment(void)
{
    if (environment == NULL)
        return SQL_INVALID_HANDLE;
    SQLRETURN code = odbc.FreeHandle(SQL_HANDLE_ENV, environment);
    if (SQL_SUCCEEDED(code))
        environment = NULL;
    else
        tell(code, SQL_HANDLE_ENV, environment);
    return code;
}

/* Leaves as a good host does. */
static void clean_up(void)
{
    for (current = 1; current <= CONNECTIONS; current++) {
        if (here()->handle == NULL)
            continue;
        if (here()->connected)
            odbc.Disconnect(here()->handle);
        odbc.FreeHandle(SQL_HANDLE_DBC, here()->handle);
    }
    if (environment != NULL)
        odbc.FreeHandle(SQL_HANDLE_ENV, environment);
}
