/* Threads that use and free the same objects at the same time.
 *
 *   threads <tenant> <client id> <secret>
 */

#include "check.h"

#include <pthread.h>

#define THREADS 8
#define TIMES 200

static entra_credential *credential;
static entra_token *shared;

static void *uses(void *nothing)
{
    int i;
    (void)nothing;
    for (i = 0; i < TIMES; i++) {
        entra_token *token = NULL;
        entra_error *error = NULL;
        /* Until another thread frees it; then it is known to be freed. */
        if (entra_credential_get_token(credential, NULL, 0, NULL, &token, &error) == 0) {
            size_t size;
            CHECK(entra_token_access_token(token, &size) != NULL && size > 200);
            CHECK(strlen(entra_token_principal(token)) == 36);
        } else {
            CHECK(strstr(entra_error_message(error), "is not valid") != NULL);
        }
        (void)entra_token_expires_on(shared);
        if (i == TIMES / 2) {
            entra_token_free(shared);
            entra_credential_free(credential);
        }
        entra_token_free(token);
        entra_error_free(error);
    }
    return NULL;
}

int main(int count, char **arguments)
{
    pthread_t threads[THREADS];
    entra_option options[4] = { { "Authentication", "ServicePrincipal" }, { "UID", NULL }, { "PWD", NULL },
        { "TenantId", NULL } };
    entra_error *error;
    int i;

    CHECK(count == 4);
    options[1].value = arguments[2];
    options[2].value = arguments[3];
    options[3].value = arguments[1];
    DONE(entra_credential_from_options(options, 4, &credential, &error));
    DONE(entra_credential_get_token(credential, NULL, 0, NULL, &shared, &error));
    for (i = 0; i < THREADS; i++)
        CHECK(pthread_create(&threads[i], NULL, uses, NULL) == 0);
    for (i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    puts("all fine");
    return 0;
}
