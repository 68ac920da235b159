/* What a call answered: told, with its records. */

static const char *name_of(SQLRETURN code)
{
    switch (code) {
    case SQL_SUCCESS: return "SQL_SUCCESS";
    case SQL_SUCCESS_WITH_INFO: return "SQL_SUCCESS_WITH_INFO";
    case SQL_STILL_EXECUTING: return "SQL_STILL_EXECUTING";
    case SQL_NEED_DATA: return "SQL_NEED_DATA";
    case SQL_NO_DATA: return "SQL_NO_DATA";
    case SQL_ERROR: return "SQL_ERROR";
    case SQL_INVALID_HANDLE: return "SQL_INVALID_HANDLE";
    default: return "(unknown)";
    }
}

static bool has_failed(SQLRETURN code)
{
    return code == SQL_ERROR || code == SQL_INVALID_HANDLE;
}

static bool quiet;
static const char *step_name;

/* Prints the records of a handle, `<state> <native> <message>` each; returns how many. */
static int print_records(SQLSMALLINT type, SQLHANDLE handle)
{
    /* A SQLWCHAR each, of which ANSI functions use less. */
    static SQLWCHAR state[6], message[8192];
    SQLINTEGER native;
    SQLSMALLINT length;
    for (SQLSMALLINT number = 1;; number++) {
        SQLRETURN code = odbc.GetDiagRec(type, handle, number, (void *)state, &native, (void *)message,
            sizeof message / sizeof *message, &length);
        if (!SQL_SUCCEEDED(code))
            return number - 1;
        print(state);
        printf(" %d ", (int)native);
        print(message);
        putchar('\n');
    }
}

/* Tells an answer other than SQL_SUCCESS. */
static SQLRETURN tell(SQLRETURN code, SQLSMALLINT type, SQLHANDLE handle)
{
    if (code == SQL_SUCCESS)
        return code;
    printf("%s: %s\n", step_name, name_of(code));
    if (!quiet && code != SQL_INVALID_HANDLE)
        print_records(type, handle);
    return code;
}
