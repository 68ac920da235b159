/* What calls answer, and the records they leave. */

/* A call begins: the records of the last one are gone. */
static struct handle *begin(void *handle)
{
    struct handle *this = handle;
    this->has_record = false;
    return this;
}

static SQLRETURN answer(struct handle *this, SQLRETURN code)
{
    this->last = code;
    return code;
}

static SQLRETURN record(struct handle *this, SQLRETURN code, const char *state, SQLINTEGER native,
    const char *message)
{
    this->has_record = true;
    this->native = native;
    snprintf(this->state, sizeof this->state, "%s", state);
    snprintf(this->message, sizeof this->message, "[Recorder]%s", message);
    return answer(this, code);
}

/* A text for the host, in characters; false if it was cut. */
static bool give(const SQLWCHAR *from, size_t count, SQLWCHAR *to, SQLLEN capacity)
{
    if (to == NULL || capacity <= 0)
        return to == NULL;
    size_t room = (size_t)capacity - 1, taken = count < room ? count : room;
    memcpy(to, from, taken * sizeof *to);
    to[taken] = 0;
    return taken == count;
}

static bool give_ascii(const char *from, SQLWCHAR *to, SQLLEN capacity, SQLSMALLINT *length, size_t unit)
{
    SQLWCHAR wide[512];
    size_t count = strlen(from);
    for (size_t at = 0; at < count; at++)
        wide[at] = (unsigned char)from[at];
    if (length != NULL)
        *length = (SQLSMALLINT)(count * unit);
    return give(wide, count, to, capacity);
}

SQLRETURN SQLGetDiagRecW(SQLSMALLINT type, SQLHANDLE handle, SQLSMALLINT number, SQLWCHAR *state,
    SQLINTEGER *native, SQLWCHAR *message, SQLSMALLINT capacity, SQLSMALLINT *length)
{
    struct handle *this = handle;
    (void)type;
    if (number < 1 || capacity < 0)
        return SQL_ERROR;
    if (number > 1 || !this->has_record)
        return SQL_NO_DATA;
    give_ascii(this->state, state, 6, NULL, 1);
    if (native != NULL)
        *native = this->native;
    return give_ascii(this->message, message, capacity, length, 1) ? SQL_SUCCESS : SQL_SUCCESS_WITH_INFO;
}

SQLRETURN SQLGetDiagFieldW(SQLSMALLINT type, SQLHANDLE handle, SQLSMALLINT number, SQLSMALLINT field,
    SQLPOINTER value, SQLSMALLINT capacity, SQLSMALLINT *length)
{
    struct handle *this = handle;
    const char *text = NULL;
    (void)type;
    if (field == SQL_DIAG_NUMBER) {
        *(SQLINTEGER *)value = this->has_record ? 1 : 0;
        return SQL_SUCCESS;
    }
    if (field == SQL_DIAG_RETURNCODE) {
        *(SQLRETURN *)value = this->last;
        return SQL_SUCCESS;
    }
    if (number < 1)
        return SQL_ERROR;
    if (number > 1 || !this->has_record)
        return SQL_NO_DATA;
    switch (field) {
    case SQL_DIAG_NATIVE:
        *(SQLINTEGER *)value = this->native;
        return SQL_SUCCESS;
    case SQL_DIAG_SQLSTATE: text = this->state; break;
    case SQL_DIAG_MESSAGE_TEXT: text = this->message; break;
    case SQL_DIAG_CLASS_ORIGIN:
    case SQL_DIAG_SUBCLASS_ORIGIN: text = "ISO 9075"; break;
    case SQL_DIAG_CONNECTION_NAME:
    case SQL_DIAG_SERVER_NAME: text = ""; break;
    default: return SQL_ERROR;
    }
    /* In bytes, both ways. */
    bool whole = give_ascii(text, value, capacity / (SQLSMALLINT)sizeof(SQLWCHAR), length, sizeof(SQLWCHAR));
    return whole ? SQL_SUCCESS : SQL_SUCCESS_WITH_INFO;
}
