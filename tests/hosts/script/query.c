/* The step that asks the server something. */

static void print_row(SQLHSTMT statement, SQLSMALLINT columns)
{
    static SQLWCHAR value[16384];
    SQLLEN indicator;
    for (SQLSMALLINT column = 1; column <= columns; column++) {
        SQLRETURN code = odbc.GetData(statement, (SQLUSMALLINT)column, ansi ? SQL_C_CHAR : SQL_C_WCHAR, value,
            sizeof value, &indicator);
        if (column > 1)
            putchar('|');
        if (!SQL_SUCCEEDED(code))
            fputs(name_of(code), stdout);
        else if (indicator == SQL_NULL_DATA)
            fputs("NULL", stdout);
        else
            print(value);
    }
    putchar('\n');
}

static SQLRETURN query(char *sql)
{
    SQLHSTMT statement = NULL;
    SQLSMALLINT columns = 0;
    SQLRETURN code = odbc.AllocHandle(SQL_HANDLE_STMT, hdbc(), &statement);
    if (!SQL_SUCCEEDED(code))
        return tell_hdbc(code);
    void *text = argument(sql);
    code = tell(odbc.ExecDirect(statement, text, SQL_NTS), SQL_HANDLE_STMT, statement);
    free(text);
    if (SQL_SUCCEEDED(code))
        code = tell(odbc.NumResultCols(statement, &columns), SQL_HANDLE_STMT, statement);
    while (SQL_SUCCEEDED(code) && columns > 0) {
        code = odbc.Fetch(statement);
        if (SQL_SUCCEEDED(code))
            print_row(statement, columns);
        else if (code != SQL_NO_DATA)
            tell(code, SQL_HANDLE_STMT, statement);
    }
    odbc.FreeHandle(SQL_HANDLE_STMT, statement);
    return code;
}
