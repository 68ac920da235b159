/* Connection attributes. */

static SQLULEN *slot(struct handle *this, SQLINTEGER attribute)
{
    for (size_t at = 0; at < this->attribute_count; at++)
        if (this->attributes[at].attribute == attribute)
            return &this->attributes[at].value;
    return NULL;
}

static bool is_named_in(const char *variable, SQLINTEGER attribute)
{
    const char *named = getenv(variable);
    return named != NULL && atoi(named) == attribute;
}

static bool is_lacking(SQLINTEGER attribute)
{
    return attribute == ANSI_APP || attribute >= OF_ANOTHER_DRIVER || is_named_in("RECORDER_LACKS", attribute);
}

/* While a connect is executing, the handle takes that connect call and diagnostics, no other. */
static SQLRETURN sequence_error(struct handle *this)
{
    return record(this, SQL_ERROR, "HY010", 0, "Function sequence error");
}

static SQLRETURN set(const char *name, SQLHDBC hdbc, SQLINTEGER attribute, SQLPOINTER value,
    SQLINTEGER length)
{
    struct handle *this = begin(hdbc);
    struct text line = { 0 };
    bool is_text = attribute == SQL_ATTR_CURRENT_CATALOG || attribute == SQL_ATTR_TRACEFILE
        || attribute == SQL_ATTR_TRANSLATE_LIB;
    bool is_integer = is_named_in("RECORDER_INTEGER", attribute), is_token = attribute == ACCESS_TOKEN && !is_integer;
    add(&line, "%s attribute=%d", name, (int)attribute);
    if (is_token && value == NULL) {
        add(&line, " null");
    } else if (is_token) {
        add(&line, " length=%d token=", (int)length);
        add_token(&line, value);
    } else if (is_text) {
        add_hex(&line, "hex", value, length >= 0 ? length / (SQLINTEGER)sizeof(SQLWCHAR) : length);
    } else {
        add(&line, " value=%llu", (unsigned long long)(SQLULEN)value);
    }
    write_line(&line, this);

    if (this->executing)
        return sequence_error(this);
    if (is_lacking(attribute))
        return record(this, SQL_ERROR, "HY092", 0, "Invalid attribute/option identifier");
    if (is_integer && (SQLULEN)value > 1)
        return record(this, SQL_ERROR, "HY024", 0, "Invalid attribute value");
    if (is_token) {
        if (this->connected)
            return record(this, SQL_ERROR, "HY011", 0, "Attribute cannot be set now");
        if (value == NULL && getenv("RECORDER_KEEPS_TOKEN") != NULL)
            return record(this, SQL_ERROR, "HY009", 0, "Invalid use of null pointer");
        this->token = value;
        return answer(this, SQL_SUCCESS);
    }
    SQLULEN *at = slot(this, attribute);
    if (at == NULL && this->attribute_count < ATTRIBUTES && !is_text) {
        this->attributes[this->attribute_count].attribute = attribute;
        at = &this->attributes[this->attribute_count++].value;
    }
    if (at != NULL)
        *at = (SQLULEN)value;
    return answer(this, SQL_SUCCESS);
}

SQLRETURN SQLSetConnectAttr(SQLHDBC hdbc, SQLINTEGER attribute, SQLPOINTER value, SQLINTEGER length)
{
    return set("SQLSetConnectAttr", hdbc, attribute, value, length);
}

SQLRETURN SQLSetConnectAttrW(SQLHDBC hdbc, SQLINTEGER attribute, SQLPOINTER value, SQLINTEGER length)
{
    return set("SQLSetConnectAttrW", hdbc, attribute, value, length);
}

SQLRETURN SQLGetConnectAttrW(SQLHDBC hdbc, SQLINTEGER attribute, SQLPOINTER value, SQLINTEGER capacity,
    SQLINTEGER *length)
{
    struct handle *this = begin(hdbc);
    struct text line = { 0 };
    (void)capacity;
    add(&line, "SQLGetConnectAttrW attribute=%d", (int)attribute);
    write_line(&line, this);
    if (this->executing)
        return sequence_error(this);
    SQLULEN *at = slot(this, attribute), found = at != NULL ? *at : 0;
    if (at == NULL) {
        switch (attribute) {
        case SQL_ATTR_LOGIN_TIMEOUT: found = DEFAULT_LOGIN_TIMEOUT; break;
        case SQL_ATTR_AUTOCOMMIT: found = SQL_AUTOCOMMIT_ON; break;
        case SQL_ATTR_TXN_ISOLATION: found = SQL_TXN_READ_COMMITTED; break;
        case SQL_ATTR_CONNECTION_DEAD: found = SQL_CD_FALSE; break;
        case SQL_ATTR_ACCESS_MODE:
        case SQL_ATTR_CONNECTION_TIMEOUT: break;
        default: return record(this, SQL_ERROR, "HY092", 0, "Invalid attribute/option identifier");
        }
    }
    if (value != NULL)
        *(SQLUINTEGER *)value = (SQLUINTEGER)found;
    if (length != NULL)
        *length = sizeof(SQLUINTEGER);
    return answer(this, SQL_SUCCESS);
}
