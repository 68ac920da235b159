/* UTF-8 of the command line and the output, UTF-16 of ODBC; lone surrogates pass as three bytes. */

static SQLWCHAR *to_utf16(const char *text)
{
    const unsigned char *from = (const unsigned char *)text;
    SQLWCHAR *wide = calloc(strlen(text) + 1, sizeof *wide), *to = wide;
    if (wide == NULL)
        abort();
    while (*from != 0) {
        unsigned code = *from++;
        int more = code < 0xc0 ? 0 : code < 0xe0 ? 1 : code < 0xf0 ? 2 : 3;
        if (more > 0)
            code &= 0x3fu >> more;
        for (; more > 0 && (*from & 0xc0) == 0x80; more--)
            code = code << 6 | (*from++ & 0x3f);
        if (code >= 0x10000) {
            *to++ = (SQLWCHAR)(0xd800 + ((code - 0x10000) >> 10));
            code = 0xdc00 + (code & 0x3ff);
        }
        *to++ = (SQLWCHAR)code;
    }
    return wide;
}

static void print_utf16(const SQLWCHAR *text)
{
    for (; *text != 0; text++) {
        unsigned code = *text;
        if ((code & 0xfc00) == 0xd800 && (text[1] & 0xfc00) == 0xdc00)
            code = 0x10000 + ((code & 0x3ff) << 10) + (*++text & 0x3ff);
        if (code < 0x80) {
            putchar((int)code);
        } else if (code < 0x800) {
            printf("%c%c", 0xc0 | code >> 6, 0x80 | (code & 0x3f));
        } else if (code < 0x10000) {
            printf("%c%c%c", 0xe0 | code >> 12, 0x80 | (code >> 6 & 0x3f), 0x80 | (code & 0x3f));
        } else {
            printf("%c%c%c%c", 0xf0 | code >> 18, 0x80 | (code >> 12 & 0x3f), 0x80 | (code >> 6 & 0x3f),
                0x80 | (code & 0x3f));
        }
    }
}

/* A text argument in the width that the functions in use take; to be freed. NULL stays NULL. */
static void *argument(const char *text)
{
    if (text == NULL)
        return NULL;
    if (!ansi)
        return to_utf16(text);
    char *copy = strdup(text);
    if (copy == NULL)
        abort();
    return copy;
}

/* Prints a text that ODBC gave. */
static void print(const void *text)
{
    if (ansi)
        fputs(text, stdout);
    else
        print_utf16(text);
}

static size_t unit(void)
{
    return ansi ? 1 : sizeof(SQLWCHAR);
}
