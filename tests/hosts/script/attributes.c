/* The steps about attributes, the token among them, and about what a connection tells. */

enum { ACCESS_TOKEN = 1256, OVERWRITTEN = 0xdd };

/* `<number>=<integer>` */
static SQLRETURN set_attribute(char *given)
{
    char *value;
    SQLINTEGER attribute = (SQLINTEGER)strtol(given, &value, 10);
    value += *value == '=';
    SQLPOINTER integer = (SQLPOINTER)(uintptr_t)strtoul(value, NULL, 10);
    return tell_hdbc(odbc.SetConnectAttr(hdbc(), attribute, integer, 0));
}

static SQLRETURN get_attribute(char *number)
{
    SQLULEN value = 0;
    SQLRETURN code = odbc.GetConnectAttr(hdbc(), (SQLINTEGER)atol(number), &value, SQL_IS_UINTEGER, NULL);
    if (SQL_SUCCEEDED(code))
        printf("%lu\n", (unsigned long)(SQLUINTEGER)value);
    return tell_hdbc(code);
}

/* The ACCESSTOKEN struct of a file's text: its size in bytes, then UTF-16LE. */
static unsigned char *read_token(const char *path, size_t *size)
{
    FILE *file = fopen(path, "r");
    unsigned char *read = NULL;
    size_t length = 0;
    int byte;
    if (file == NULL) {
        fprintf(stderr, "script: %s cannot be read\n", path);
        exit(BROKEN);
    }
    while ((byte = fgetc(file)) != EOF) {
        if (byte == '\n' || byte == '\r')
            continue;
        read = realloc(read, 4 + 2 * (length + 1));
        if (read == NULL)
            abort();
        read[4 + 2 * length] = (unsigned char)byte;
        read[5 + 2 * length++] = 0;
    }
    fclose(file);
    if (read == NULL)
        read = calloc(1, 4);
    if (read == NULL)
        abort();
    uint32_t bytes = (uint32_t)(2 * length);
    memcpy(read, &bytes, sizeof bytes);
    *size = 4 + bytes;
    return read;
}

/* The host's copy of a token, while there is one to be spoiled. */
static unsigned char *token;
static size_t token_size;

static void spoil_token(void)
{
    if (token == NULL)
        return;
    memset(token, OVERWRITTEN, token_size);
    /* Or the compiler leaves out the writing to what is freed anyway. */
    __asm__ volatile("" : : "r"(token) : "memory");
    free(token);
    token = NULL;
}

static SQLRETURN set_token_kept(char *path)
{
    /* Kept for good: the driver has the pointer. */
    static void *kept[64];
    static size_t count;
    size_t size;
    void *copy = read_token(path, &size);
    if (count < sizeof kept / sizeof *kept)
        kept[count++] = copy;
    return tell_hdbc(odbc.SetConnectAttr(hdbc(), ACCESS_TOKEN, copy, SQL_IS_POINTER));
}

static SQLRETURN set_token_until_connect(char *path)
{
    spoil_token();
    token = read_token(path, &token_size);
    return tell_hdbc(odbc.SetConnectAttr(hdbc(), ACCESS_TOKEN, token, SQL_IS_POINTER));
}

static SQLRETURN set_token(char *path)
{
    SQLRETURN code = set_token_until_connect(path);
    spoil_token();
    return code;
}

static SQLRETURN take_token_off(char *nothing)
{
    (void)nothing;
    return tell_hdbc(odbc.SetConnectAttr(hdbc(), ACCESS_TOKEN, NULL, SQL_IS_POINTER));
}

static SQLRETURN get_info(char *number)
{
    static const SQLUSMALLINT texts[] = { SQL_DATA_SOURCE_NAME, SQL_DRIVER_NAME, SQL_DRIVER_VER,
        SQL_ODBC_VER, SQL_SERVER_NAME, SQL_SEARCH_PATTERN_ESCAPE, SQL_DATABASE_NAME, SQL_DBMS_NAME,
        SQL_DBMS_VER, SQL_IDENTIFIER_QUOTE_CHAR, SQL_USER_NAME, SQL_DRIVER_ODBC_VER, SQL_DM_VER,
        SQL_DATA_SOURCE_READ_ONLY, SQL_COLLATION_SEQ };
    static union { SQLUINTEGER integer; SQLWCHAR text[1024]; } value;
    SQLUSMALLINT info = (SQLUSMALLINT)atoi(number);
    bool is_text = false;
    for (size_t at = 0; at < sizeof texts / sizeof *texts; at++)
        is_text |= texts[at] == info;
    memset(&value, 0, sizeof value);
    SQLRETURN code = odbc.GetInfo(hdbc(), info, &value, sizeof value, NULL);
    if (SQL_SUCCEEDED(code)) {
        if (is_text)
            print(&value);
        else
            printf("%lu", (unsigned long)value.integer);
        putchar('\n');
    }
    return tell_hdbc(code);
}

static SQLRETURN print_diagnostics(char *nothing)
{
    (void)nothing;
    if (print_records(SQL_HANDLE_DBC, hdbc()) == 0)
        puts("no records");
    return SQL_SUCCESS;
}

/* `<record>:<field>`, the field by its number in sql.h. */
static SQLRETURN print_diagnostic_field(char *given)
{
    static union { SQLRETURN code; SQLINTEGER integer; SQLLEN count; SQLWCHAR text[4096]; } value;
    char *rest;
    SQLSMALLINT record = (SQLSMALLINT)strtol(given, &rest, 10), length = 0;
    SQLSMALLINT field = (SQLSMALLINT)(*rest == ':' ? atoi(rest + 1) : 0);
    memset(&value, 0, sizeof value);
    SQLRETURN code =
        odbc.GetDiagField(SQL_HANDLE_DBC, hdbc(), record, field, &value, sizeof value, &length);
    if (!SQL_SUCCEEDED(code)) {
        printf("%s: %s\n", step_name, name_of(code));
        return code;
    }
    switch (field) {
    case SQL_DIAG_RETURNCODE: puts(name_of(value.code)); break;
    case SQL_DIAG_NUMBER:
    case SQL_DIAG_NATIVE:
    case SQL_DIAG_DYNAMIC_FUNCTION_CODE:
    case SQL_DIAG_COLUMN_NUMBER: printf("%d\n", (int)value.integer); break;
    case SQL_DIAG_ROW_COUNT:
    case SQL_DIAG_CURSOR_ROW_COUNT:
    case SQL_DIAG_ROW_NUMBER: printf("%ld\n", (long)value.count); break;
    default:
        print(&value);
        printf(" (%d bytes)\n", (int)length);
    }
    return code;
}
