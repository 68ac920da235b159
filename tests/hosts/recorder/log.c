/* The log. */

/* Text that grows. */

struct text {
    char *bytes;
    size_t length;
};

static void add(struct text *text, const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    size_t more = (size_t)vsnprintf(NULL, 0, format, arguments);
    text->bytes = realloc(text->bytes, text->length + more + 1);
    if (text->bytes == NULL)
        abort();
    vsnprintf(text->bytes + text->length, more + 1, format, again);
    text->length += more;
    va_end(again);
    va_end(arguments);
}

static size_t units(const SQLWCHAR *from, SQLINTEGER length)
{
    if (from == NULL)
        return 0;
    if (length >= 0)
        return (size_t)length;
    size_t count = 0;
    while (from[count] != 0)
        count++;
    return count;
}

static void add_hex(struct text *text, const char *name, const SQLWCHAR *from, SQLINTEGER length)
{
    if (from == NULL) {
        add(text, " %s=null", name);
        return;
    }
    size_t count = units(from, length);
    add(text, " %s=", name);
    char *hex = malloc(count * 4 + 1);
    if (hex == NULL)
        abort();
    hex[0] = 0;
    for (size_t at = 0; at < count; at++)
        snprintf(hex + at * 4, 5, "%02x%02x", from[at] & 0xffu, from[at] >> 8);
    add(text, "%s", hex);
    free(hex);
}

/* The token in an ACCESSTOKEN struct (a 32-bit size, then UTF-16LE), or `none`.
 *
 * Of a struct that the host has freed there may be anything left. */
static void add_token(struct text *text, const unsigned char *token)
{
    if (token == NULL) {
        add(text, "none");
        return;
    }
    uint32_t size;
    memcpy(&size, token, sizeof size);
    if (size > MAXIMUM_TOKEN) {
        add(text, "garbage");
        return;
    }
    for (uint32_t at = 0; at < size; at += 2) {
        unsigned unit = token[4 + at] | (at + 1 < size ? (unsigned)token[5 + at] << 8 : 0);
        if (unit > ' ' && unit < 0x7f && at + 1 < size)
            add(text, "%c", (char)unit);
        else
            add(text, "\\u%04x", unit);
    }
}

/* The log: one write per line, so that lines of several threads and processes do not mix. */

static void write_line(struct text *line, const struct handle *handle)
{
    const char *path = getenv("RECORDER_LOG");
    const struct handle *dbc = handle;
    if (handle != NULL && handle->type == SQL_HANDLE_STMT)
        dbc = handle->parent;
    if (dbc != NULL && dbc->type == SQL_HANDLE_DBC)
        add(line, " dbc=%u", dbc->number);
    add(line, "\n");
    if (path != NULL) {
        int file = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
        if (file < 0 || write(file, line->bytes, line->length) != (ssize_t)line->length)
            abort();
        close(file);
    }
    free(line->bytes);
}
