/* Handles and environments, and what a connection tells of itself. */

SQLRETURN SQLAllocHandle(SQLSMALLINT type, SQLHANDLE input, SQLHANDLE *output)
{
    static unsigned connections;
    struct handle *this = calloc(1, sizeof *this);
    if (this == NULL)
        return SQL_ERROR;
    if (input != NULL)
        begin(input);
    this->type = type;
    this->parent = input;
    *output = this;
    if (type == SQL_HANDLE_DBC) {
        pthread_mutex_lock(&lock);
        this->number = ++connections;
        pthread_mutex_unlock(&lock);
        struct text line = { 0 };
        add(&line, "SQLAllocHandle type=2");
        write_line(&line, this);
    }
    return SQL_SUCCESS;
}

SQLRETURN SQLFreeHandle(SQLSMALLINT type, SQLHANDLE handle)
{
    struct handle *this = handle;
    if (type == SQL_HANDLE_DBC) {
        struct text line = { 0 };
        add(&line, "SQLFreeHandle type=2");
        write_line(&line, this);
    }
    free(this->login);
    free(this);
    return SQL_SUCCESS;
}

SQLRETURN SQLSetEnvAttr(SQLHENV henv, SQLINTEGER attribute, SQLPOINTER value, SQLINTEGER length)
{
    struct handle *this = begin(henv);
    (void)length;
    if (attribute == SQL_ATTR_ODBC_VERSION)
        this->version = (SQLINTEGER)(intptr_t)value;
    return answer(this, SQL_SUCCESS);
}

SQLRETURN SQLGetEnvAttr(SQLHENV henv, SQLINTEGER attribute, SQLPOINTER value, SQLINTEGER capacity,
    SQLINTEGER *length)
{
    struct handle *this = begin(henv);
    (void)capacity, (void)length;
    *(SQLINTEGER *)value = attribute == SQL_ATTR_ODBC_VERSION ? this->version : 0;
    return answer(this, SQL_SUCCESS);
}

SQLRETURN SQLEndTran(SQLSMALLINT type, SQLHANDLE handle, SQLSMALLINT completion)
{
    struct handle *this = begin(handle);
    struct text line = { 0 };
    add(&line, "SQLEndTran type=%d completion=%d", (int)type, (int)completion);
    write_line(&line, this);
    return answer(this, SQL_SUCCESS);
}

SQLRETURN SQLGetInfoW(SQLHDBC hdbc, SQLUSMALLINT info, SQLPOINTER value, SQLSMALLINT capacity,
    SQLSMALLINT *length)
{
    struct handle *this = begin(hdbc);
    struct text line = { 0 };
    const char *text;
    add(&line, "SQLGetInfoW info=%u", info);
    write_line(&line, this);
    switch (info) {
    case SQL_DRIVER_NAME: text = "librecorder.so"; break;
    case SQL_DRIVER_VER: text = "01.00.0000"; break;
    case SQL_DRIVER_ODBC_VER: text = "03.80"; break;
    case SQL_DBMS_NAME: text = "Recorder"; break;
    case SQL_DBMS_VER: text = "01.00.0000"; break;
    case SQL_SERVER_NAME: text = "recorder"; break;
    case SQL_USER_NAME: text = this->login != NULL ? this->login : ""; break;
    case SQL_CURSOR_COMMIT_BEHAVIOR:
    case SQL_CURSOR_ROLLBACK_BEHAVIOR:
        *(SQLUSMALLINT *)value = SQL_CB_CLOSE;
        return answer(this, SQL_SUCCESS);
    case SQL_GETDATA_EXTENSIONS:
    case SQL_ASYNC_MODE:
        *(SQLUINTEGER *)value = 0;
        return answer(this, SQL_SUCCESS);
    default: return record(this, SQL_ERROR, "HY096", 0, "Information type out of range");
    }
    if (give_ascii(text, value, capacity / (SQLSMALLINT)sizeof(SQLWCHAR), length, sizeof(SQLWCHAR)))
        return answer(this, SQL_SUCCESS);
    return record(this, SQL_SUCCESS_WITH_INFO, "01004", 0, "String data, right truncated");
}

SQLRETURN SQLGetFunctions(SQLHDBC hdbc, SQLUSMALLINT function, SQLUSMALLINT *supported)
{
    static const SQLUSMALLINT functions[] = { SQL_API_SQLALLOCHANDLE, SQL_API_SQLBROWSECONNECT,
        SQL_API_SQLCONNECT, SQL_API_SQLDISCONNECT, SQL_API_SQLDRIVERCONNECT, SQL_API_SQLENDTRAN,
        SQL_API_SQLEXECDIRECT, SQL_API_SQLFETCH, SQL_API_SQLFREEHANDLE, SQL_API_SQLFREESTMT,
        SQL_API_SQLGETCONNECTATTR, SQL_API_SQLGETDATA, SQL_API_SQLGETDIAGFIELD, SQL_API_SQLGETDIAGREC,
        SQL_API_SQLGETENVATTR, SQL_API_SQLGETFUNCTIONS, SQL_API_SQLGETINFO, SQL_API_SQLNUMRESULTCOLS,
        SQL_API_SQLSETCONNECTATTR, SQL_API_SQLSETENVATTR };
    struct handle *this = begin(hdbc);
    struct text line = { 0 };
    add(&line, "SQLGetFunctions function=%u", function);
    write_line(&line, this);
    size_t room = function == SQL_API_ODBC3_ALL_FUNCTIONS ? SQL_API_ODBC3_ALL_FUNCTIONS_SIZE
        : function == SQL_API_ALL_FUNCTIONS               ? 100
                                                          : 1;
    memset(supported, 0, room * sizeof *supported);
    for (size_t at = 0; at < sizeof functions / sizeof *functions; at++) {
        SQLUSMALLINT known = functions[at];
        if (function == SQL_API_ODBC3_ALL_FUNCTIONS)
            supported[known >> 4] |= (SQLUSMALLINT)(1u << (known & 0xf));
        else if (function == SQL_API_ALL_FUNCTIONS && known < 100)
            supported[known] = SQL_TRUE;
        else if (function == known)
            *supported = SQL_TRUE;
    }
    return answer(this, SQL_SUCCESS);
}

#ifndef WITHOUT_BULK_COPY
/* By this name the library knows one of Microsoft's C++ drivers. */
SQLRETURN bcp_initW(SQLHDBC hdbc, const SQLWCHAR *table, const SQLWCHAR *file, const SQLWCHAR *errors,
    SQLINTEGER direction);

SQLRETURN bcp_initW(SQLHDBC hdbc, const SQLWCHAR *table, const SQLWCHAR *file, const SQLWCHAR *errors,
    SQLINTEGER direction)
{
    (void)table, (void)file, (void)errors, (void)direction;
    return record(begin(hdbc), SQL_ERROR, "HY000", 0, "There is nothing to copy into.");
}
#endif
