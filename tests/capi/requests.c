/* Tokens without waiting: entra_credential_request_token.
 *
 *   requests <tenant> <client id> <secret>
 */

#define _POSIX_C_SOURCE 200809L

#include "check.h"

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#define MANY 200

/* What callbacks were told, and what they wait for. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int tokens, errors, asked, released;
    char sqlstate[6];
    pthread_t thread;
} seen = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0, 0, 0, "", 0 };

static const char *tenant, *client, *secret;

static void add(int *what)
{
    pthread_mutex_lock(&seen.lock);
    *what += 1;
    pthread_cond_broadcast(&seen.changed);
    pthread_mutex_unlock(&seen.lock);
}

static void wait_for(const int *what, int value)
{
    pthread_mutex_lock(&seen.lock);
    while (*what < value)
        pthread_cond_wait(&seen.changed, &seen.lock);
    pthread_mutex_unlock(&seen.lock);
}

static void told(void *user, entra_token *token, entra_error *error)
{
    CHECK(user == &seen && (token == NULL) != (error == NULL));
    seen.thread = pthread_self();
    if (token != NULL) {
        CHECK(strlen(entra_token_text(token)) > 100);
        entra_token_free(token);
        add(&seen.tokens);
    } else {
        snprintf(seen.sqlstate, sizeof seen.sqlstate, "%s", entra_error_sqlstate(error));
        entra_error_free(error);
        add(&seen.errors);
    }
}

static entra_credential *payroll(const char *password)
{
    entra_option options[4] = { { "Authentication", "ServicePrincipal" }, { "UID", NULL }, { "PWD", NULL },
        { "TenantId", NULL } };
    entra_credential *credential;
    entra_error *error;

    options[1].value = client;
    options[2].value = password;
    options[3].value = tenant;
    DONE(entra_credential_from_options(options, 4, &credential, &error));
    return credential;
}

static void many_are_told_also_after_the_credential_is_freed(void)
{
    entra_credential *credential = payroll(secret);
    entra_error *error;
    int i;

    for (i = 0; i < MANY; i++)
        DONE(entra_credential_request_token(credential, NULL, 0, NULL, told, &seen, &error));
    entra_credential_free(credential);
    wait_for(&seen.tokens, MANY);
    CHECK(!pthread_equal(seen.thread, pthread_self()) && seen.errors == 0);
}

static void a_refusal_is_told(void)
{
    entra_credential *credential = payroll("wrong");
    entra_error *error;

    DONE(entra_credential_request_token(credential, NULL, 0, NULL, told, &seen, &error));
    wait_for(&seen.errors, 1);
    CHECK_TEXT(seen.sqlstate, "28000");
    entra_credential_free(credential);
}

static void what_cannot_be_begun_is_not_told(void)
{
    entra_credential *credential = payroll(secret);
    entra_cancellation *freed = entra_cancellation_new();
    entra_error *error;

    entra_cancellation_free(freed);
    FAILED(entra_credential_request_token(NULL, NULL, 0, NULL, told, NULL, &error), "HY000", "NULL");
    FAILED(entra_credential_request_token(credential, NULL, 0, NULL, NULL, NULL, &error), "HY000", "callback");
    FAILED(entra_credential_request_token(credential, "\xff", 0, NULL, told, NULL, &error), "HY000", "UTF-8");
    FAILED(entra_credential_request_token(credential, NULL, 0, freed, told, NULL, &error), "HY000", "cancellation");
    CHECK(entra_credential_request_token(credential, NULL, 0, freed, told, NULL, NULL) == -1);
    entra_credential_free(credential);
}

static void blocks(void *user, const char *scope, uint32_t patience_ms, entra_answer *answer)
{
    (void)user, (void)scope, (void)patience_ms;
    add(&seen.asked);
    wait_for(&seen.released, 1);
    entra_answer_failure(answer, "too late");
}

static void who_waits_can_be_stopped(void)
{
    entra_cancellation *cancellation = entra_cancellation_new();
    entra_credential *credential;
    entra_error *error;
    const int before = seen.errors;
    pid_t child;
    int status;

    DONE(entra_register_provider("mine", blocks, NULL, &error));
    DONE(entra_credential_from_string("Authentication=TokenProvider;TokenProvider=mine", &credential, &error));
    DONE(entra_credential_request_token(credential, NULL, 20, NULL, told, &seen, &error));
    wait_for(&seen.errors, before + 1);
    CHECK_TEXT(seen.sqlstate, "HYT00");
    /* Without the cancellation these would never end. */
    DONE(entra_credential_request_token(credential, NULL, UINT32_MAX, cancellation, told, &seen, &error));
    DONE(entra_credential_request_token(credential, NULL, UINT32_MAX, cancellation, told, &seen, &error));
    wait_for(&seen.asked, 2);
    /* In a child they do not exist, nor does the cancellation reach the parent. */
    child = fork();
    if (child == 0) {
        entra_cancellation_cancel(cancellation);
        execl("/bin/true", "true", (char *)NULL);
        _exit(1);
    }
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    CHECK(seen.errors == before + 1);
    entra_cancellation_cancel(cancellation);
    wait_for(&seen.errors, before + 3);
    CHECK_TEXT(seen.sqlstate, "HY008");
    /* Cancelled for good, and told all the same. */
    DONE(entra_credential_request_token(credential, NULL, 0, cancellation, told, &seen, &error));
    entra_cancellation_free(cancellation);
    wait_for(&seen.errors, before + 4);
    CHECK_TEXT(seen.sqlstate, "HY008");
    add(&seen.released);
    entra_credential_free(credential);
    DONE(entra_register_provider("mine", NULL, NULL, &error));
}

int main(int count, char **arguments)
{
    CHECK(count == 4);
    tenant = arguments[1];
    client = arguments[2];
    secret = arguments[3];
    many_are_told_also_after_the_credential_is_freed();
    a_refusal_is_told();
    what_cannot_be_begun_is_not_told();
    who_waits_can_be_stopped();
    puts("all fine");
    return 0;
}
