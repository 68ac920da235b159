/* Connecting and disconnecting. */

/* The next word of the script. */
static void next_word(char *word, size_t capacity)
{
    static const char *rest;
    static bool begun;
    pthread_mutex_lock(&lock);
    if (!begun) {
        begun = true;
        rest = getenv("RECORDER_SCRIPT");
    }
    size_t length = rest != NULL ? strcspn(rest, ",") : 0;
    snprintf(word, capacity, "%.*s", (int)length, length > 0 ? rest : "");
    if (rest != NULL)
        rest += rest[length] == ',' ? length + 1 : length;
    if (word[0] == 0)
        snprintf(word, capacity, "ok");
    pthread_mutex_unlock(&lock);
}

/* Looks a name up, as Microsoft's driver does when it connects; an address, so that no name server is asked. */
static void resolve_server(void)
{
    struct addrinfo hints = { .ai_flags = AI_NUMERICHOST }, *found = NULL;
    if (getaddrinfo("127.0.0.1", "1433", &hints, &found) == 0)
        freeaddrinfo(found);
}

/* Answers a connect call as the script says. */
static SQLRETURN play(struct handle *this)
{
    char word[64], state[6] = "";
    int native = 0;
    if (this->connected)
        return record(this, SQL_ERROR, "08002", 0, "Connection name in use");
    resolve_server();
    verify_server();
    next_word(word, sizeof word);
    this->executing = strcmp(word, "executing") == 0;
    if (this->executing)
        return answer(this, SQL_STILL_EXECUTING);
    if (strcmp(word, "need") == 0)
        return answer(this, SQL_NEED_DATA);
    if (sscanf(word, "refused:%d", &native) == 1)
        return record(this, SQL_ERROR, "28000", native,
            native == LOGIN_FAILED
                ? "[SQL Server]Login failed for user '<token-identified principal>'. Token is expired."
                : "[SQL Server]Refused by the script.");
    if (sscanf(word, "error:%5[^:]:%d", state, &native) >= 1)
        return record(this, SQL_ERROR, state, native, "Failed by the script.");
    if (strcmp(word, "ok") != 0 && strcmp(word, "info") != 0)
        return record(this, SQL_ERROR, "HY000", 0, "RECORDER_SCRIPT has a word that is none.");

    struct text login = { 0 };
    add_token(&login, this->token);
    free(this->login);
    this->login = login.bytes;
    this->connected = true;
    if (strcmp(word, "info") == 0)
        return record(this, SQL_SUCCESS_WITH_INFO, "01000", DATABASE_CONTEXT_CHANGED,
            "[SQL Server]Changed database context to 'master'.");
    return answer(this, SQL_SUCCESS);
}

static void add_current_token(struct text *line, const struct handle *this)
{
    add(line, " token=");
    add_token(line, this->token);
}

/* Where in a connection string `UID=;` goes: after the server, or at the end. */
static size_t after_server(const SQLWCHAR *text, size_t count)
{
    for (size_t start = 0, at; start < count; start = at + 1) {
        bool braced = false;
        char keyword[7] = "";
        for (at = start; at < count && (braced || text[at] != ';'); at++) {
            if (at - start < sizeof keyword - 1)
                keyword[at - start] = text[at] < 0x80 ? (char)text[at] : '?';
            if (text[at] == '{' && at > start && text[at - 1] == '=')
                braced = true;
            else if (text[at] == '}')
                braced = false;
        }
        if (strcasecmp(keyword, "SERVER") == 0 && at < count)
            return at + 1;
    }
    return count;
}

static SQLWCHAR *completed(const SQLWCHAR *text, size_t count, size_t *full)
{
    static const SQLWCHAR user[] = { ';', 'U', 'I', 'D', '=', ';' };
    size_t at = after_server(text, count);
    size_t skip = at == 0 || text[at - 1] == ';' ? 1 : 0, more = sizeof user / sizeof *user - skip;
    SQLWCHAR *whole = malloc((count + more) * sizeof *whole);
    if (whole == NULL)
        abort();
    memcpy(whole, text, at * sizeof *whole);
    memcpy(whole + at, user + skip, more * sizeof *whole);
    memcpy(whole + at + more, text + at, (count - at) * sizeof *whole);
    *full = count + more;
    return whole;
}

/* Completes a connect call whose answer is decided: the output string. */
static SQLRETURN hand_out(struct handle *this, SQLRETURN code, const SQLWCHAR *text, size_t count,
    SQLWCHAR *output, SQLSMALLINT capacity, SQLSMALLINT *length)
{
    if (length != NULL)
        *length = (SQLSMALLINT)(count > INT16_MAX ? INT16_MAX : count);
    if (give(text, count, output, capacity))
        return code;
    return record(this, SQL_SUCCESS_WITH_INFO, "01004", 0, "String data, right truncated");
}

SQLRETURN SQLDriverConnectW(SQLHDBC hdbc, SQLHWND window, SQLWCHAR *input, SQLSMALLINT input_length,
    SQLWCHAR *output, SQLSMALLINT capacity, SQLSMALLINT *output_length, SQLUSMALLINT completion)
{
    struct handle *this = begin(hdbc);
    struct text line = { 0 };
    (void)window;
    add(&line, "SQLDriverConnectW length=%d completion=%u out=", (int)input_length, completion);
    if (output == NULL)
        add(&line, output_length == NULL ? "null" : "length");
    else
        add(&line, "%d", (int)capacity);
    add_current_token(&line, this);
    add_hex(&line, "hex", input, input_length);
    write_line(&line, this);

    if (this->token != NULL && completion != SQL_DRIVER_NOPROMPT)
        return record(this, SQL_ERROR, "FA006", 0,
            "Cannot use Access Token with DriverCompletion other than SQL_DRIVER_NOPROMPT.");
    if (!this->executing)
        this->output = output, this->capacity = capacity, this->output_length = output_length;
    SQLRETURN code = play(this);
    if (!this->connected || !SQL_SUCCEEDED(code))
        return code;
    output = this->output, capacity = this->capacity, output_length = this->output_length;
    if (output == NULL && output_length == NULL)
        return answer(this, SQL_SUCCESS_WITH_INFO);
    size_t full;
    SQLWCHAR *whole = completed(input, units(input, input_length), &full);
    code = hand_out(this, code, whole, full, output, capacity, output_length);
    free(whole);
    return code;
}

SQLRETURN SQLConnectW(SQLHDBC hdbc, SQLWCHAR *dsn, SQLSMALLINT dsn_length, SQLWCHAR *user,
    SQLSMALLINT user_length, SQLWCHAR *password, SQLSMALLINT password_length)
{
    struct handle *this = begin(hdbc);
    struct text line = { 0 };
    add(&line, "SQLConnectW lengths=%d,%d,%d", dsn_length, user_length, password_length);
    add_current_token(&line, this);
    add_hex(&line, "dsn", dsn, dsn_length);
    add_hex(&line, "uid", user, user_length);
    add_hex(&line, "pwd", password, password_length);
    write_line(&line, this);
    return play(this);
}

SQLRETURN SQLBrowseConnectW(SQLHDBC hdbc, SQLWCHAR *input, SQLSMALLINT input_length, SQLWCHAR *output,
    SQLSMALLINT capacity, SQLSMALLINT *output_length)
{
    static const SQLWCHAR asked[] = { 'U', 'I', 'D', ':', 'L', 'o', 'g', 'i', 'n', ' ', 'I', 'D', '=', '?' };
    struct handle *this = begin(hdbc);
    struct text line = { 0 };
    add(&line, "SQLBrowseConnectW length=%d", (int)input_length);
    add_current_token(&line, this);
    add_hex(&line, "hex", input, input_length);
    write_line(&line, this);
    SQLRETURN code = play(this);
    if (code == SQL_NEED_DATA)
        return hand_out(this, code, asked, sizeof asked / sizeof *asked, output, capacity, output_length);
    if (SQL_SUCCEEDED(code))
        return hand_out(this, code, input, units(input, input_length), output, capacity, output_length);
    return code;
}

SQLRETURN SQLDisconnect(SQLHDBC hdbc)
{
    struct handle *this = begin(hdbc);
    struct text line = { 0 };
    add(&line, "SQLDisconnect");
    write_line(&line, this);
    if (!this->connected)
        return record(this, SQL_ERROR, "08003", 0, "Connection not open");
    this->connected = false;
    return answer(this, SQL_SUCCESS);
}
