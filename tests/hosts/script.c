/* A host that does what its arguments say, step by step, so that tests can use handles in any order.
 *
 *   cc -o script script.c
 *   script [--library <path>] [--ansi] [--quiet] [--keep-going] [--] <step>…
 *
 * --library     the driver manager (libodbc.so.2 unless told) or a driver, called without a manager
 * --ansi        the ANSI functions of the manager instead of the W ones
 * --quiet       no records after calls that do not answer SQL_SUCCESS
 * --keep-going  go on after a step that ended otherwise than it should
 *
 * A step prints what it asked for, then, unless it answered SQL_SUCCESS, `<step>: <code>` and the handle's
 * records, `<state> <native> <message>` each. It fails at SQL_ERROR and SQL_INVALID_HANDLE. A failed step ends
 * the program with 2, unless it is prefixed by `!`: then it must fail, or the program ends with 3.
 *
 *   use:<n>                    go on with connection n (1 at first, at most 16); allocated when first needed
 *   alloc, free, freeenv       handles
 *   pooling                    the manager's pool, to be asked for before the first handle
 *   connect:<string>           SQLDriverConnect without room for the completed string
 *   connect-out:<capacity>:[<completion>:]<string>
 *                              the same with room for so many characters; prints `<code> <length> <text>`.
 *                              completion: noprompt (unless told), complete, prompt, complete-required
 *   sqlconnect:<dsn>|<uid>|<pwd>   what is empty is passed as NULL with SQL_NTS
 *   browse:<string>            prints `<code> <length> <text>`
 *   poll:<max>                 repeat the last connect while it answers SQL_STILL_EXECUTING; fails if it does not end
 *   disconnect
 *   attr:<number>=<integer>, get:<number>
 *   token:<file>               set an ACCESSTOKEN struct of the file's text, then spoil and free it at once,
 *                              as hosts do that take it for copied; for a driver without the manager, since
 *                              unixODBC itself keeps the pointer and hands it to the driver as it connects
 *   token-until-connect:<file> the same, spoiled and freed after the next connect
 *   token-kept:<file>          the same, kept until the end
 *   token-null
 *   query:<sql>                prints rows, columns separated by `|`
 *   endtran                    commit
 *   getinfo:<number>
 *   diag                       the connection's records, or `no records`
 *   diagfield:<record>:<field> one field, by its number in sql.h
 *   exit                       end at once, nothing disconnected or freed
 */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sql.h>
#include <sqlext.h>
#include <sqlucode.h>

enum {
    FAILED = 2,
    SUCCEEDED = 3,
    /* Of the program, not of a step. */
    BROKEN = 4,
    SENTINEL = 0xa5,
};

static bool ansi;

#include "script/text.c"
#include "script/library.c"
#include "script/outcome.c"
#include "script/handles.c"
#include "script/connecting.c"
#include "script/attributes.c"
#include "script/query.c"

static SQLRETURN use(char *number)
{
    int chosen = atoi(number);
    if (chosen < 1 || chosen > CONNECTIONS)
        return SQL_ERROR;
    current = chosen;
    return SQL_SUCCESS;
}

static SQLRETURN alloc_step(char *nothing)
{
    (void)nothing;
    return here()->handle == NULL ? allocate() : SQL_ERROR;
}

static SQLRETURN free_step(char *nothing)
{
    (void)nothing;
    return free_connection();
}

static SQLRETURN freeenv_step(char *nothing)
{
    (void)nothing;
    return free_environment();
}

static SQLRETURN pooling(char *nothing)
{
    (void)nothing;
    SQLPOINTER per_driver = (SQLPOINTER)(uintptr_t)SQL_CP_ONE_PER_DRIVER;
    return odbc.SetEnvAttr(SQL_NULL_HANDLE, SQL_ATTR_CONNECTION_POOLING, per_driver, SQL_IS_UINTEGER);
}

static SQLRETURN end_transaction(char *nothing)
{
    (void)nothing;
    return tell_hdbc(odbc.EndTran(SQL_HANDLE_DBC, hdbc(), SQL_COMMIT));
}

static SQLRETURN exit_step(char *nothing)
{
    (void)nothing;
    fflush(stdout);
    exit(0);
}

static const struct step {
    const char *name;
    SQLRETURN (*run)(char *argument);
    bool has_argument, connects;
} steps[] = {
    { "use", use, true, false },
    { "alloc", alloc_step, false, false },
    { "free", free_step, false, false },
    { "freeenv", freeenv_step, false, false },
    { "pooling", pooling, false, false },
    { "connect", driver_connect, true, true },
    { "connect-out", driver_connect_out, true, true },
    { "sqlconnect", sql_connect, true, true },
    { "browse", browse, true, true },
    { "poll", poll_connect, true, false },
    { "disconnect", disconnect, false, false },
    { "attr", set_attribute, true, false },
    { "get", get_attribute, true, false },
    { "token", set_token, true, false },
    { "token-until-connect", set_token_until_connect, true, false },
    { "token-kept", set_token_kept, true, false },
    { "token-null", take_token_off, false, false },
    { "query", query, true, false },
    { "endtran", end_transaction, false, false },
    { "getinfo", get_info, true, false },
    { "diag", print_diagnostics, false, false },
    { "diagfield", print_diagnostic_field, true, false },
    { "exit", exit_step, false, false },
};

/* Runs one step: 0, or what the program is to end with. */
static int run(char *text)
{
    bool must_fail = *text == '!';
    text += must_fail;
    size_t length = strcspn(text, ":");
    char *argument = text[length] == ':' ? text + length + 1 : NULL;
    for (const struct step *step = steps; step < steps + sizeof steps / sizeof *steps; step++) {
        if (strlen(step->name) != length || strncmp(step->name, text, length) != 0)
            continue;
        if (step->has_argument != (argument != NULL))
            break;
        step_name = step->name;
        if (step->connects) {
            last_connect = step->run;
            last_argument = argument;
        }
        SQLRETURN code = step->run(argument);
        if ((step->connects || step->run == poll_connect) && code != SQL_STILL_EXECUTING)
            spoil_token();
        bool failed = has_failed(code);
        fflush(stdout);
        if (failed == must_fail)
            return 0;
        fprintf(stderr, "script: %s %s\n", step->name, failed ? "failed" : "succeeded");
        return failed ? FAILED : SUCCEEDED;
    }
    fprintf(stderr, "script: no such step: %.*s, or its argument is missing or too much\n", (int)length, text);
    exit(BROKEN);
}

int main(int count, char **arguments)
{
    const char *library = "libodbc.so.2";
    bool keep_going = false;
    int at = 1, ended = 0;
    for (; at < count && strncmp(arguments[at], "--", 2) == 0; at++) {
        if (strcmp(arguments[at], "--library") == 0 && at + 1 < count) {
            library = arguments[++at];
        } else if (strcmp(arguments[at], "--ansi") == 0) {
            ansi = true;
        } else if (strcmp(arguments[at], "--quiet") == 0) {
            quiet = true;
        } else if (strcmp(arguments[at], "--keep-going") == 0) {
            keep_going = true;
        } else if (strcmp(arguments[at], "--") == 0) {
            at++;
            break;
        } else {
            fprintf(stderr, "script: unknown option %s\n", arguments[at]);
            return BROKEN;
        }
    }
    if (!load(library))
        return BROKEN;
    for (; at < count && (ended == 0 || keep_going); at++) {
        int step = run(arguments[at]);
        if (ended == 0)
            ended = step;
    }
    clean_up();
    return ended;
}
