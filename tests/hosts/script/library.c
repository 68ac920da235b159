/* The ODBC library, loaded at run time so that it can be the driver manager or a driver itself. */

/* Each function that the steps call: those with a form for each width of text, and the others. */
#define FUNCTIONS(TEXT, NEUTRAL)                                                                          \
    NEUTRAL(AllocHandle) NEUTRAL(FreeHandle) NEUTRAL(SetEnvAttr) NEUTRAL(Disconnect) NEUTRAL(EndTran)     \
    NEUTRAL(NumResultCols) NEUTRAL(Fetch) NEUTRAL(GetData)                                                \
    TEXT(SetConnectAttr) TEXT(GetConnectAttr) TEXT(DriverConnect) TEXT(Connect) TEXT(BrowseConnect)       \
    TEXT(GetDiagRec) TEXT(GetDiagField) TEXT(GetInfo) TEXT(ExecDirect)

/* Texts are passed as `void *`: both widths have the same call, but for what the pointer leads to. */
#define TEXT_MEMBER(name) __typeof__(&SQL##name##W) name;
#define NEUTRAL_MEMBER(name) __typeof__(&SQL##name) name;
static struct {
    FUNCTIONS(TEXT_MEMBER, NEUTRAL_MEMBER)
} odbc;

static bool find(void *library, const char *name, const char *width, void *into)
{
    char whole[64];
    snprintf(whole, sizeof whole, "SQL%s%s", name, width);
    void *symbol = dlsym(library, whole);
    /* ISO C knows no conversion from an object pointer to a function pointer; POSIX promises the copy. */
    memcpy(into, &symbol, sizeof symbol);
    if (symbol == NULL)
        fprintf(stderr, "script: the library has no %s\n", whole);
    return symbol != NULL;
}

static bool load(const char *path)
{
    /* RTLD_LOCAL, as the driver manager loads drivers. */
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        fprintf(stderr, "script: %s\n", dlerror());
        return false;
    }
    bool whole = true;
#define FIND_TEXT(name) whole = find(library, #name, ansi ? "" : "W", &odbc.name) && whole;
#define FIND_NEUTRAL(name) whole = find(library, #name, "", &odbc.name) && whole;
    FUNCTIONS(FIND_TEXT, FIND_NEUTRAL)
    return whole;
}
