/* Loads a driver as a driver manager does, and says what that cost.
 *
 *   load <library>
 *
 * Loads the library, allocates an environment (with which the shim loads the real driver) and a connection, and
 * prints, tab-separated: milliseconds, kB of resident memory (RSS), kB of it in proportion to who shares it (PSS),
 * kB of it that are this process's own (private), and the number of threads.
 */
#include <dlfcn.h>
#include <sql.h>
#include <sqlext.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* The sum of all lines of a file in /proc that begin with one of two names. */
static long proc(const char *path, const char *one, const char *other)
{
    char line[256];
    long sum = 0;
    FILE *file = fopen(path, "r");
    while (file && fgets(line, sizeof line, file))
        if (!strncmp(line, one, strlen(one)) || !strncmp(line, other, strlen(other)))
            sum += atol(strchr(line, ':') + 1);
    if (file)
        fclose(file);
    return sum;
}

#define ROLLUP "/proc/self/smaps_rollup"

int main(int argc, char **argv)
{
    if (argc != 2)
        return 9;
    /* Once before it counts: reading /proc allocates. */
    proc(ROLLUP, "Rss:", "Rss:");
    long rss = proc(ROLLUP, "Rss:", "Rss:"), pss = proc(ROLLUP, "Pss:", "Pss:");
    long own = proc(ROLLUP, "Private_Clean:", "Private_Dirty:");
    double start = now();
    void *library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        fprintf(stderr, "%s\n", dlerror());
        return 1;
    }
#define F(name) ((__typeof__(&name))dlsym(library, #name))
    SQLHENV env = NULL;
    SQLHDBC dbc = NULL;
    if (!SQL_SUCCEEDED(F(SQLAllocHandle)(SQL_HANDLE_ENV, NULL, &env)) ||
        !SQL_SUCCEEDED(F(SQLSetEnvAttr)(env, SQL_ATTR_ODBC_VERSION, (SQLPOINTER)SQL_OV_ODBC3, 0)) ||
        !SQL_SUCCEEDED(F(SQLAllocHandle)(SQL_HANDLE_DBC, env, &dbc)))
        return 2;
    double milliseconds = now() - start;
    printf("%.3f\t%ld\t%ld\t%ld\t%ld\n", milliseconds, proc(ROLLUP, "Rss:", "Rss:") - rss,
           proc(ROLLUP, "Pss:", "Pss:") - pss, proc(ROLLUP, "Private_Clean:", "Private_Dirty:") - own,
           proc("/proc/self/status", "Threads:", "Threads:"));
    return 0;
}
