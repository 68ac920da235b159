/* entra_odbc.h: Microsoft Entra sign-in for ODBC, as a C library. MIT licence.
 *
 * Link with -lentra_odbc. A program that uses the ODBC driver of the same library through a driver manager
 * must not link with it, and does not need this header.
 *
 * Contract:
 * - Threads: every function may be called from any thread; one object at a time from one thread, unless its
 *   comment says otherwise.
 * - Ownership: an object that a function hands out is the caller's, and goes back through the function named
 *   `..._free`, which accepts NULL. Strings that an object hands out belong to it.
 * - Text is UTF-8 with a terminating NUL.
 * - Outputs come last, are written on success only, and may be NULL where the comment says so.
 * - Failure: a function that can fail answers 0 for success and -1 for failure, and describes the failure in
 *   its last parameter, an `entra_error **`, unless that is NULL.
 * - A defect inside the library is such a failure with SQLSTATE HY000; it never unwinds or aborts.
 * - No object holds or prints a secret that it was not asked for.
 *
 * Generated from src/capi.rs by `make header`; do not edit.
 */


#ifndef ENTRA_ODBC_H
#define ENTRA_ODBC_H

#include <stdint.h>

// What went wrong in a call: a SQLSTATE, a native error and a message in words.
//
// A function that can fail has an `entra_error **error` as its last parameter. Pass the address of a pointer
// to be given the error, which is then yours to free by entra_error_free; or NULL if you only want to know
// that it failed.
typedef struct entra_error entra_error;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

// The five characters of the error's SQLSTATE, such as "28000".
//
// The string belongs to the error and lives until it is freed. For NULL the answer is "".
const char *entra_error_sqlstate(const entra_error *error);

// The native error: the AADSTS number where Entra refused, else 0. For NULL the answer is 0.
int32_t entra_error_native(const entra_error *error);

// What failed, why, and what to do, in UTF-8. Never holds a secret.
//
// The string belongs to the error and lives until it is freed. For NULL the answer is "".
const char *entra_error_message(const entra_error *error);

// Frees an error, which must not be used afterwards. NULL is allowed.
void entra_error_free(entra_error *error);

// The version of this library, such as "0.1.0".
//
// The string lives as long as the process. Never NULL. May be called from any thread at any time; it is
// also the name by which the library knows copies of itself.
const char *entra_odbc_version(void);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* ENTRA_ODBC_H */
