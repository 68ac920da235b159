/* A host that exports functions of an OpenSSL that it was built with, as Node.js does.
 *
 *   cc -rdynamic -o own_openssl own_openssl.c -lodbc
 *
 * Whoever calls them with structures of another OpenSSL's is lost.
 */

#include <stdlib.h>

#include "plain.c"

void SSL_CTX_new(void);
void X509_verify_cert(void);

void SSL_CTX_new(void)
{
    abort();
}

void X509_verify_cert(void)
{
    abort();
}
