/* The steps that connect. */

/* The last connect, for `poll`. */
static SQLRETURN (*last_connect)(char *);
static char *last_argument;

static SQLRETURN connected(SQLRETURN code)
{
    here()->connected |= SQL_SUCCEEDED(code);
    return code;
}

/* Neither room nor a length for the completed string, as pyodbc does. */
static SQLRETURN driver_connect(char *string)
{
    void *text = argument(string);
    SQLRETURN code =
        odbc.DriverConnect(hdbc(), NULL, text, SQL_NTS, NULL, 0, NULL, SQL_DRIVER_NOPROMPT);
    free(text);
    return tell_hdbc(connected(code));
}

/* Prints `<code> <length> <text>` of an output with `capacity` characters of room. */
static bool print_output(SQLRETURN code, const unsigned char *output, long capacity, SQLSMALLINT length)
{
    printf("%s: %s", step_name, name_of(code));
    if (SQL_SUCCEEDED(code) || code == SQL_NEED_DATA) {
        printf(" %d ", (int)length);
        if (capacity > 0)
            print(output);
    }
    putchar('\n');
    for (size_t at = (size_t)capacity * unit(); at < ((size_t)capacity + 1) * unit(); at++) {
        if (output[at] != SENTINEL) {
            printf("%s: wrote beyond its room\n", step_name);
            return false;
        }
    }
    return true;
}

static unsigned char *room_for(long capacity)
{
    size_t size = ((size_t)capacity + 1) * unit();
    unsigned char *output = malloc(size);
    if (output == NULL)
        abort();
    memset(output, SENTINEL, size);
    return output;
}

/* `<capacity>:<string>` or `<capacity>:<completion>:<string>`, the completion being a word. */
static SQLRETURN driver_connect_out(char *given)
{
    static const char *const completions[] = { "noprompt:", "complete:", "prompt:", "complete-required:" };
    char *string;
    long capacity = strtol(given, &string, 10);
    SQLUSMALLINT completion = SQL_DRIVER_NOPROMPT;
    SQLSMALLINT length = -1;
    string += *string == ':';
    for (SQLUSMALLINT at = 0; at < 4; at++) {
        if (strncmp(string, completions[at], strlen(completions[at])) == 0) {
            string += strlen(completions[at]);
            completion = at;
            break;
        }
    }
    unsigned char *output = room_for(capacity);
    void *text = argument(string);
    SQLRETURN code = odbc.DriverConnect(hdbc(), NULL, text, SQL_NTS, (void *)output, (SQLSMALLINT)capacity,
        &length, completion);
    connected(code);
    bool whole = print_output(code, output, capacity, length);
    if (!quiet && code != SQL_SUCCESS)
        print_records(SQL_HANDLE_DBC, hdbc());
    free(text);
    free(output);
    return whole ? code : SQL_ERROR;
}

/* `<dsn>|<uid>|<pwd>`; what is empty or absent is NULL. */
static SQLRETURN sql_connect(char *given)
{
    void *texts[3] = { 0 };
    char *copy = strdup(given), *rest = copy;
    for (int at = 0; at < 3 && rest != NULL; at++) {
        char *word = strsep(&rest, "|");
        texts[at] = argument(*word != 0 ? word : NULL);
    }
    free(copy);
    SQLRETURN code = odbc.Connect(hdbc(), texts[0], SQL_NTS, texts[1], SQL_NTS, texts[2], SQL_NTS);
    for (int at = 0; at < 3; at++)
        free(texts[at]);
    return tell_hdbc(connected(code));
}

static SQLRETURN browse(char *string)
{
    enum { CAPACITY = 4096 };
    unsigned char *output = room_for(CAPACITY);
    void *text = argument(string);
    SQLSMALLINT length = -1;
    SQLRETURN code =
        odbc.BrowseConnect(hdbc(), text, SQL_NTS, (void *)output, CAPACITY, &length);
    connected(code);
    bool whole = print_output(code, output, CAPACITY, length);
    if (!quiet && code != SQL_SUCCESS)
        print_records(SQL_HANDLE_DBC, hdbc());
    free(text);
    free(output);
    return whole ? code : SQL_ERROR;
}

/* Repeats the last connect while it is executing, at most so many times. */
static SQLRETURN poll_connect(char *most)
{
    SQLRETURN code = SQL_STILL_EXECUTING;
    for (long left = atol(most); left > 0 && code == SQL_STILL_EXECUTING; left--) {
        if (last_connect == NULL)
            return SQL_ERROR;
        code = last_connect(last_argument);
        sched_yield();
    }
    return code == SQL_STILL_EXECUTING ? SQL_ERROR : code;
}

static SQLRETURN disconnect(char *nothing)
{
    (void)nothing;
    SQLRETURN code = odbc.Disconnect(hdbc());
    here()->connected &= !SQL_SUCCEEDED(code);
    return tell_hdbc(code);
}
