/* What the test programs of the C API have in common. */
#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "entra_odbc.h"

#define CHECK(condition) \
    do { \
        if (!(condition)) { \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
            exit(1); \
        } \
    } while (0)

#define CHECK_TEXT(actual, expected) \
    do { \
        const char *actual_ = (actual), *expected_ = (expected); \
        if (strcmp(actual_, expected_) != 0) { \
            fprintf(stderr, "%s:%d: \"%s\" is not \"%s\"\n", __FILE__, __LINE__, actual_, expected_); \
            exit(1); \
        } \
    } while (0)

/* That a call succeeded, or what it says else. */
#define DONE(call) \
    do { \
        if ((call) != 0 || error != NULL) { \
            fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, #call, entra_error_message(error)); \
            exit(1); \
        } \
    } while (0)

/* That a call failed with this SQLSTATE and with these words in its message. */
#define FAILED(call, state, words) \
    do { \
        CHECK((call) == -1); \
        CHECK_TEXT(entra_error_sqlstate(error), state); \
        if (strstr(entra_error_message(error), words) == NULL) { \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, entra_error_message(error)); \
            exit(1); \
        } \
        entra_error_free(error); \
        error = NULL; \
    } while (0)

#endif
