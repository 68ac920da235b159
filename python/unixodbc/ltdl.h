/* What unixODBC needs of libltdl, by the C library alone.
 *
 * RTLD_LOCAL, as libltdl itself has it: a driver that is loaded globally, as this one exports every function of the
 * driver manager, would be called in its place. */
#include <dlfcn.h>

typedef void *lt_dlhandle;

#define lt_dlopen(name) dlopen(name, RTLD_LAZY | RTLD_LOCAL)
#define lt_dlsym(handle, symbol) dlsym(handle, symbol)
#define lt_dlclose(handle) dlclose(handle)
#define lt_dlerror() dlerror()
#define lt_dlinit() 0
#define lt_dlexit() 0
#define lt_dlsetsearchpath(path) 0
#define LTDL_SET_PRELOADED_SYMBOLS()
