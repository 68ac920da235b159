/* The functions of libgcc_s by which panics and the end of threads unwind the stack, for the linker alone.
 *
 * Zig would link an unwinder of its own into the library. When a thread ends in a call from us (Python ends its threads so, by
 * pthread_exit, which unwinds with the system's libgcc_s), our frames would ask the other unwinder about the state of the
 * first, and the process would crash. */
#define UNWINDER(name)                                                                                                   \
    void _Unwind_##name(void)                                                                                            \
    {                                                                                                                    \
    }
UNWINDER(Backtrace)
UNWINDER(DeleteException)
UNWINDER(FindEnclosingFunction)
UNWINDER(ForcedUnwind)
UNWINDER(GetCFA)
UNWINDER(GetDataRelBase)
UNWINDER(GetGR)
UNWINDER(GetIP)
UNWINDER(GetIPInfo)
UNWINDER(GetLanguageSpecificData)
UNWINDER(GetRegionStart)
UNWINDER(GetTextRelBase)
UNWINDER(RaiseException)
UNWINDER(Resume)
UNWINDER(Resume_or_Rethrow)
UNWINDER(SetGR)
UNWINDER(SetIP)
