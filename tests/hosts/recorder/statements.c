/* Statements: any query has one row of one column, the token that the connection logged in with. */

SQLRETURN SQLExecDirectW(SQLHSTMT hstmt, SQLWCHAR *query, SQLINTEGER length)
{
    struct handle *this = begin(hstmt);
    struct text line = { 0 };
    add(&line, "SQLExecDirectW");
    add_hex(&line, "hex", query, length);
    write_line(&line, this);
    this->row = 0;
    return answer(this, SQL_SUCCESS);
}

SQLRETURN SQLNumResultCols(SQLHSTMT hstmt, SQLSMALLINT *count)
{
    *count = 1;
    return answer(begin(hstmt), SQL_SUCCESS);
}

SQLRETURN SQLFetch(SQLHSTMT hstmt)
{
    struct handle *this = begin(hstmt);
    return answer(this, this->row++ == 0 ? SQL_SUCCESS : SQL_NO_DATA);
}

SQLRETURN SQLGetData(SQLHSTMT hstmt, SQLUSMALLINT column, SQLSMALLINT type, SQLPOINTER value,
    SQLLEN capacity, SQLLEN *indicator)
{
    struct handle *this = begin(hstmt);
    const char *login = this->parent->login != NULL ? this->parent->login : "none";
    size_t unit = type == SQL_C_WCHAR ? sizeof(SQLWCHAR) : 1, count = strlen(login);
    if (column != 1 || (type != SQL_C_WCHAR && type != SQL_C_CHAR))
        return record(this, SQL_ERROR, "HY003", 0, "Invalid application buffer type");
    if (capacity < (SQLLEN)((count + 1) * unit))
        return record(this, SQL_ERROR, "HY090", 0, "Invalid string or buffer length");
    for (size_t at = 0; at <= count; at++) {
        if (type == SQL_C_WCHAR)
            ((SQLWCHAR *)value)[at] = (unsigned char)login[at];
        else
            ((char *)value)[at] = login[at];
    }
    if (indicator != NULL)
        *indicator = (SQLLEN)(count * unit);
    return answer(this, SQL_SUCCESS);
}

SQLRETURN SQLFreeStmt(SQLHSTMT hstmt, SQLUSMALLINT option)
{
    (void)option;
    return answer(begin(hstmt), SQL_SUCCESS);
}
