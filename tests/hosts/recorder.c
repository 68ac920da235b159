/* A driver that only records: what the library asks of the driver that it wraps, call by call.
 *
 *   cc -shared -fPIC -o librecorder.so recorder.c
 *   ENTRA_ODBC_DRIVER=/path/librecorder.so RECORDER_LOG=/path/log RECORDER_SCRIPT=refused:18456,ok …
 *
 * RECORDER_LOG     file to which each call on a connection is appended as one line:
 *                  `SQLDriverConnectW length=-3 completion=0 out=null token=none hex=<UTF-16LE> dbc=1`
 * RECORDER_SCRIPT  one answer per connect call, in order and separated by commas, then `ok`:
 *                  ok | info | executing | need | refused:<native> | error:<state>:<native>
 * RECORDER_LACKS   an attribute that the driver does not know
 * RECORDER_INTEGER an attribute that is 0 or 1 to it, as SQL_ATTR_SYNC_POINT, 1256, is to IBM's driver for Db2
 * RECORDER_KEEPS_TOKEN
 *                  set: 1256 = NULL is refused (HY009), as by Microsoft's driver in Rust
 *
 * RECORDER_OPENSSL
 *                  set: each connect makes a TLS context with the default CA certificates, as Microsoft's driver does;
 *                  further functions of OpenSSL that are looked up, separated by commas
 * RECORDER_ALTERS  set: it then changes the settings of that context's store
 *
 * With -DWITHOUT_BULK_COPY it has no bulk copy functions, as drivers other than Microsoft's C++ ones.
 *
 * Where it matters it behaves as Microsoft's ODBC Driver 18.6 was seen to: it keeps the pointer to an
 * ACCESSTOKEN struct and reads it again at each connect, SQLDisconnect leaves the token where it is, after
 * connect the token cannot be changed (HY011), attribute 115 leaves an HY092 record, a token and a prompt
 * exclude each other (FA006), the completed string has `UID=;` in it, and a connect without room for that
 * string answers SQL_SUCCESS_WITH_INFO with no record. It does not read the string's keywords otherwise.
 * While it is executing it works with the pointers of the first call, as the ODBC reference has it.
 */

#define _GNU_SOURCE
#include <fcntl.h>
#include <netdb.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <sql.h>
#include <sqlext.h>
#include <sqlucode.h>

enum {
    ACCESS_TOKEN = 1256,
    ANSI_APP = 115,
    ATTRIBUTES = 64,
    MAXIMUM_TOKEN = 131072,
    /* From here on ODBC 3.8 has attributes that each driver defines for itself. */
    OF_ANOTHER_DRIVER = 0x4000,
    DEFAULT_LOGIN_TIMEOUT = 15,
    LOGIN_FAILED = 18456,
    DATABASE_CONTEXT_CHANGED = 5701,
};

/* An environment, a connection or a statement. */
struct handle {
    SQLSMALLINT type;
    unsigned number;
    struct handle *parent;
    SQLRETURN last;
    bool has_record;
    char state[6];
    SQLINTEGER native;
    char message[256];
    /* Of an environment: */
    SQLINTEGER version;
    /* Of a connection: */
    bool connected, executing;
    /* Of a connect that is executing, those of its first call. */
    SQLWCHAR *output;
    SQLSMALLINT capacity, *output_length;
    const unsigned char *token;
    char *login;
    struct { SQLINTEGER attribute; SQLULEN value; } attributes[ATTRIBUTES];
    size_t attribute_count;
    /* Of a statement: */
    int row;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* Included, so that the driver is one file to compile and exports nothing but ODBC's names. */
#include "recorder/log.c"
#include "recorder/diagnostics.c"
#include "recorder/attributes.c"
#include "recorder/openssl.c"
#include "recorder/connect.c"
#include "recorder/handles.c"
#include "recorder/statements.c"
