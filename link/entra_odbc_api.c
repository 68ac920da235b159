/* libentra_odbc_api.so: what programs are linked with instead of the driver.
 *
 * The driver, libentra_odbc.so, exports SQLAllocHandle and its kin, as drivers must. In a program that is linked with
 * it, they would take the place of the driver manager's functions of the same names, depending on the order of the
 * libraries. So this library has the functions of entra_odbc.h and no others. It loads the driver so that its symbols
 * stay its own, and each function is one jump into it. Where the driver manager has loaded the driver already, or loads
 * it later, it is the same copy, with the same tokens.
 *
 * functions.h has a line FUNCTION(name) for each function of entra_odbc.h (see scripts/install.sh).
 */

#include <dlfcn.h>
#include <stdio.h>
#include <unistd.h>

#if defined __x86_64__
#define JUMP(name) "endbr64\n jmp *slot_" #name "(%rip)\n"
#elif defined __aarch64__
#define JUMP(name) "adrp x16, slot_" #name "\n ldr x16, [x16, :lo12:slot_" #name "]\n br x16\n"
#else
#error "only x86-64 and aarch64 so far"
#endif

#define FUNCTION(name) \
    __attribute__((visibility("hidden"))) void *slot_##name; \
    __asm__(".pushsection .text\n .globl " #name "\n .type " #name ", %function\n" #name ":\n" JUMP(name) \
            ".size " #name ", .-" #name "\n .popsection\n");
#include "functions.h"
#undef FUNCTION

static const struct {
    const char *name;
    void **slot;
} functions[] = {
#define FUNCTION(name) { #name, &slot_##name },
#include "functions.h"
#undef FUNCTION
};

/* Ends the program as the loader does where a library is missing. */
static void fail(const char *reason)
{
    fprintf(stderr, "libentra_odbc_api.so.0: %s\n", reason ? reason : "unknown error");
    _exit(127);
}

__attribute__((constructor)) static void load(void)
{
    size_t at;
    void *driver = dlopen("libentra_odbc.so.0", RTLD_NOW | RTLD_LOCAL);
    if (driver == NULL)
        fail(dlerror());
    for (at = 0; at < sizeof functions / sizeof *functions; at++) {
        *functions[at].slot = dlsym(driver, functions[at].name);
        if (*functions[at].slot == NULL)
            fail(dlerror());
    }
}
