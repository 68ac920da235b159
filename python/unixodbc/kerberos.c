/* Stands in for MIT Kerberos on a system that has none, so that Driver 18 can be loaded there.
 *
 * Driver 18 (18.6) links with libgssapi_krb5.so.2 and libkrb5.so.3 and calls these fifteen names, for Kerberos
 * sign-ins only. Here each of them fails, in words. Never loaded where the system has the real ones. */
#include <stddef.h>

#define EXPORT __attribute__((visibility("default")))

#ifdef GSSAPI

typedef unsigned int OM_uint32;
typedef struct {
    size_t length;
    void *value;
} buffer;
typedef struct {
    OM_uint32 length;
    void *elements;
} oid;

enum { COMPLETE = 0, UNAVAILABLE = 16 << 16 };

static oid user_name = {10, "\x2a\x86\x48\x86\xf7\x12\x01\x02\x01\x01"};
EXPORT oid *GSS_C_NT_USER_NAME = &user_name;

static OM_uint32 unavailable(OM_uint32 *minor) {
    *minor = 0;
    return UNAVAILABLE;
}

static OM_uint32 nothing(OM_uint32 *minor) {
    *minor = 0;
    return COMPLETE;
}

EXPORT OM_uint32 gss_acquire_cred(OM_uint32 *minor, void *name, OM_uint32 time, void *mechanisms, int usage, void **credential,
                                  void *actual, OM_uint32 *received) {
    (void)name, (void)time, (void)mechanisms, (void)usage, (void)actual, (void)received;
    *credential = NULL;
    return unavailable(minor);
}

EXPORT OM_uint32 gss_init_sec_context(OM_uint32 *minor, void *credential, void **context, void *target, oid *mechanism,
                                      OM_uint32 flags, OM_uint32 time, void *bindings, buffer *input, oid **actual,
                                      buffer *output, OM_uint32 *received_flags, OM_uint32 *received_time) {
    (void)credential, (void)context, (void)target, (void)mechanism, (void)flags, (void)time, (void)bindings, (void)input;
    (void)actual, (void)received_flags, (void)received_time;
    *output = (buffer){0, NULL};
    return unavailable(minor);
}

EXPORT OM_uint32 gss_import_name(OM_uint32 *minor, buffer *text, oid *type, void **name) {
    (void)text, (void)type;
    *name = NULL;
    return unavailable(minor);
}

EXPORT OM_uint32 gss_display_name(OM_uint32 *minor, void *name, buffer *text, oid **type) {
    (void)name, (void)type;
    *text = (buffer){0, NULL};
    return unavailable(minor);
}

EXPORT OM_uint32 gss_inquire_cred(OM_uint32 *minor, void *credential, void **name, OM_uint32 *lifetime, int *usage,
                                  void **mechanisms) {
    (void)credential, (void)lifetime, (void)usage, (void)mechanisms;
    if (name != NULL)
        *name = NULL;
    return unavailable(minor);
}

EXPORT OM_uint32 gss_display_status(OM_uint32 *minor, OM_uint32 status, int type, oid *mechanism, OM_uint32 *more,
                                    buffer *text) {
    static char words[] = "Kerberos is not installed on this system";
    (void)status, (void)type, (void)mechanism;
    *more = 0;
    *text = (buffer){sizeof words - 1, words};
    return nothing(minor);
}

EXPORT OM_uint32 gss_release_buffer(OM_uint32 *minor, buffer *text) {
    *text = (buffer){0, NULL};
    return nothing(minor);
}

EXPORT OM_uint32 gss_release_cred(OM_uint32 *minor, void **credential) {
    *credential = NULL;
    return nothing(minor);
}

EXPORT OM_uint32 gss_release_name(OM_uint32 *minor, void **name) {
    *name = NULL;
    return nothing(minor);
}

EXPORT OM_uint32 gss_delete_sec_context(OM_uint32 *minor, void **context, buffer *output) {
    *context = NULL;
    if (output != NULL)
        *output = (buffer){0, NULL};
    return nothing(minor);
}

#else

enum { NO_KERBEROS = -1765328250 /* KRB5_CONFIG_CANTOPEN */ };

EXPORT int krb5_init_context(void **context) {
    *context = NULL;
    return NO_KERBEROS;
}

EXPORT int krb5_get_host_realm(void *context, const char *host, char ***realms) {
    (void)context, (void)host;
    *realms = NULL;
    return NO_KERBEROS;
}

EXPORT int krb5_free_host_realm(void *context, char *const *realms) {
    (void)context, (void)realms;
    return 0;
}

EXPORT void krb5_free_context(void *context) {
    (void)context;
}

#endif
