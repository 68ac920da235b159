/* A TLS connection's OpenSSL calls, as far as CA certificates go. */

#include <dlfcn.h>

/* What Driver 18.6 looks up by name once, and calls for each connection. */
static struct {
    void *library;
    void *(*method)(void), *(*new)(void *);
    int (*verify_paths)(void *);
    void (*free)(void *);
} tls;

static void look_up(void)
{
    char names[256], *rest, *name;
    tls.library = dlopen("libssl.so.3", RTLD_LAZY);
    if (tls.library == NULL)
        return;
    *(void **)&tls.method = dlsym(tls.library, "TLS_client_method");
    *(void **)&tls.new = dlsym(tls.library, "SSL_CTX_new");
    *(void **)&tls.verify_paths = dlsym(tls.library, "SSL_CTX_set_default_verify_paths");
    *(void **)&tls.free = dlsym(tls.library, "SSL_CTX_free");
    snprintf(names, sizeof names, "%s", getenv("RECORDER_OPENSSL"));
    for (name = strtok_r(names, ",", &rest); name != NULL; name = strtok_r(NULL, ",", &rest))
        dlsym(tls.library, name);
}

/* Makes a context with the default CA certificates. Where RECORDER_ALTERS is set, changes its store afterwards, by
 * functions that were looked up in a way that nobody sees. */
static void verify_server(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    if (getenv("RECORDER_OPENSSL") == NULL)
        return;
    pthread_once(&once, look_up);
    if (tls.library == NULL)
        return;
    void *context = tls.new(tls.method());
    tls.verify_paths(context);
    if (getenv("RECORDER_ALTERS") != NULL) {
        void *(*store)(void *);
        int (*flags)(void *, unsigned long);
        *(void **)&store = dlvsym(tls.library, "SSL_CTX_get_cert_store", "OPENSSL_3.0.0");
        *(void **)&flags = dlvsym(tls.library, "X509_STORE_set_flags", "OPENSSL_3.0.0");
        if (store != NULL && flags != NULL)
            flags(store(context), 0x4 /* X509_V_FLAG_CRL_CHECK */);
    }
    tls.free(context);
}
