/* Writes down what is asked of libodbcinst: `<section>\t<keyword>` for each entry of odbc.ini, into PROFILE_LOG.
 *
 *   cc -shared -fPIC -o profile_strings.so profile_strings.c -ldl      LD_PRELOAD=./profile_strings.so
 */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

typedef unsigned short unit;
typedef int profile_string(const unit *, const unit *, const unit *, unit *, int, const unit *);

static void put(FILE *log, const unit *text)
{
    for (; text != NULL && *text != 0; text++)
        fputc(*text < 128 ? *text : '?', log);
}

int SQLGetPrivateProfileStringW(const unit *section, const unit *entry, const unit *absent, unit *value, int size,
    const unit *file)
{
    static profile_string *real;
    if (real == NULL)
        real = (profile_string *)dlsym(dlopen("libodbcinst.so.2", RTLD_NOW), "SQLGetPrivateProfileStringW");
    /* odbc.ini in any case of letters, and not odbcinst.ini. */
    if (file != NULL && file[4] == '.') {
        FILE *log = fopen(getenv("PROFILE_LOG"), "a");
        if (log != NULL) {
            put(log, section);
            fputc('\t', log);
            put(log, entry);
            fputc('\n', log);
            fclose(log);
        }
    }
    return real(section, entry, absent, value, size, file);
}
