/* What the header promises, call by call. Among the stand-ins:
 *
 *   checks <tenant> <client id> <secret> <access token of ada@contoso.com> [planted]
 */

#define _POSIX_C_SOURCE 200809L

#include "check.h"

#include <pthread.h>
#include <sched.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char *tenant, *client, *secret, *access_token;

static entra_credential *payroll(void)
{
    entra_option options[4];
    entra_credential *credential;
    entra_error *error;
    options[0].keyword = "Authentication";
    options[0].value = "ActiveDirectoryServicePrincipal";
    options[1].keyword = "UID";
    options[1].value = client;
    options[2].keyword = "PWD";
    options[2].value = secret;
    options[3].keyword = "TenantId";
    options[3].value = tenant;
    DONE(entra_credential_from_options(options, 4, &credential, &error));
    return credential;
}

static entra_credential *of(const char *connection_string)
{
    entra_credential *credential;
    entra_error *error;
    DONE(entra_credential_from_string(connection_string, &credential, &error));
    return credential;
}

static void null_is_harmless(void)
{
    entra_credential *credential;
    entra_token *token;
    entra_text *text;
    entra_error *error;
    size_t size = 1;
    int place;

    FAILED(entra_credential_from_string(NULL, &credential, &error), "HY000", "NULL");
    CHECK(credential == NULL);
    FAILED(entra_credential_from_string("Authentication=Msi", NULL, &error), "HY000", "NULL");
    CHECK(entra_credential_from_string(NULL, NULL, NULL) == -1);
    FAILED(entra_credential_from_options(NULL, 3, &credential, &error), "HY000", "NULL");
    FAILED(entra_credential_get_token(NULL, NULL, 0, NULL, &token, &error), "HY000", "credential is NULL");
    CHECK(token == NULL);
    FAILED(entra_stock_connection_string(NULL, &text, &error), "HY000", "NULL");
    CHECK(text == NULL);
    FAILED(entra_set_access_token(NULL, NULL, NULL, 0, NULL, &error), "HY000", "hdbc is NULL");
    FAILED(entra_set_access_token(&place, NULL, NULL, 0, NULL, &error), "HY000", "credential is NULL");
    FAILED(entra_release_access_token(NULL, &error), "HY000", "NULL");
    FAILED(entra_register_provider(NULL, NULL, NULL, &error), "HY000", "NULL");
    FAILED(entra_register_provider(" ", NULL, NULL, &error), "HY000", "empty");
    CHECK(entra_on_log(NULL, NULL, 99, NULL) == 0);
    CHECK(entra_answer_token(NULL, "x", 0, NULL) == -1 && entra_answer_failure(NULL, "x") == -1);
    CHECK_TEXT(entra_token_text(NULL), "");
    CHECK_TEXT(entra_token_principal(NULL), "");
    CHECK_TEXT(entra_token_tenant_id(NULL), "");
    CHECK_TEXT(entra_token_object_id(NULL), "");
    CHECK_TEXT(entra_token_client_id(NULL), "");
    CHECK_TEXT(entra_token_audience(NULL), "");
    CHECK(entra_token_expires_on(NULL) == 0);
    CHECK(entra_token_access_token(NULL, &size) == NULL && size == 0);
    CHECK(entra_token_access_token(NULL, NULL) == NULL);
    CHECK_TEXT(entra_text_value(NULL), "");
    entra_cancellation_cancel(NULL);
    entra_credential_free(NULL);
    entra_token_free(NULL);
    entra_text_free(NULL);
    entra_error_free(NULL);
    entra_cancellation_free(NULL);
}

static void bad_text_and_lengths_are_refused(void)
{
    entra_option option = { "UID", NULL };
    entra_credential *credential;
    entra_text *text;
    entra_error *error;
    char *long_text = malloc((1 << 20) + 2);

    FAILED(entra_credential_from_string("UID=\xff", &credential, &error), "HY000", "not UTF-8");
    FAILED(entra_stock_connection_string("\xc3(", &text, &error), "HY000", "not UTF-8");
    FAILED(entra_credential_from_options(&option, 1, &credential, &error), "HY000", "value of an option is NULL");
    option.value = "\xed\xa0\x80";
    FAILED(entra_credential_from_options(&option, 1, &credential, &error), "HY000", "not UTF-8");
    option.keyword = "UID=x;PWD";
    option.value = "y";
    FAILED(entra_credential_from_options(&option, 1, &credential, &error), "HY000", "keyword");
    FAILED(entra_credential_from_options(&option, (size_t)-1, &credential, &error), "HY000", "more than");
    memset(long_text, 'x', (1 << 20) + 1);
    long_text[(1 << 20) + 1] = '\0';
    FAILED(entra_credential_from_string(long_text, &credential, &error), "HY000", "longer");
    free(long_text);
    FAILED(entra_credential_from_string("SERVER=x;UID=sa;PWD=hidden", &credential, &error), "HY000",
        "Authentication= is missing");
    FAILED(entra_credential_from_string("Authentication=quantum", &credential, &error), "08001", "quantum");
}

static void what_was_freed_is_known_for_good(void)
{
    entra_credential *credential = of("Authentication=Msi");
    entra_cancellation *cancellation = entra_cancellation_new();
    entra_token *token;
    entra_text *text;
    entra_error *error;
    int i;

    entra_credential_free(credential);
    entra_credential_free(credential);
    FAILED(entra_credential_get_token(credential, NULL, 0, NULL, &token, &error), "HY000", "is not valid");
    /* Another kind of object, and something that never was one. */
    FAILED(entra_credential_get_token((entra_credential *)(void *)cancellation, NULL, 0, NULL, &token, &error), "HY000",
        "is not valid");
    FAILED(entra_credential_get_token((entra_credential *)(void *)&i, NULL, 0, NULL, &token, &error), "HY000",
        "is not valid");
    for (i = 0; i < 100; i++) {
        entra_credential *other = of("Authentication=Msi");
        CHECK(other != credential);
        entra_credential_free(other);
    }
    entra_cancellation_free(cancellation);
    entra_cancellation_cancel(cancellation);
    credential = payroll();
    FAILED(entra_credential_get_token(credential, NULL, 0, cancellation, &token, &error), "HY000", "cancellation");
    entra_credential_free(credential);
    DONE(entra_stock_connection_string("SERVER=localhost;Authentication=Msi", &text, &error));
    CHECK_TEXT(entra_text_value(text),
        "SERVER=127.0.0.1;ADDRESS=127.0.0.1;Encrypt=yes;TrustServerCertificate=no;"
        "HostnameInCertificate={localhost};ServerCertificate={};Trusted_Connection=no;");
    entra_text_free(text);
    entra_text_free(text);
    CHECK_TEXT(entra_text_value(text), "");
    FAILED(entra_stock_connection_string("Authentication=Msi", &text, &error), "HY000", "Server=");
    FAILED(entra_stock_connection_string("SERVER=evil.example;TrustServerCertificate=yes", &text, &error), "HY000",
        "evil.example");
    CHECK_TEXT(entra_error_message(error), "");
}

static void a_token_says_what_it_is(void)
{
    entra_credential *credential = payroll();
    entra_token *token, *again;
    entra_error *error;
    const unsigned char *structure;
    const char *text;
    char string[8192];
    size_t size, length, i;

    DONE(entra_credential_get_token(credential, NULL, 0, NULL, &token, &error));
    text = entra_token_text(token);
    length = strlen(text);
    CHECK(length > 100);
    CHECK_TEXT(entra_token_principal(token), client);
    CHECK_TEXT(entra_token_client_id(token), client);
    CHECK_TEXT(entra_token_tenant_id(token), tenant);
    CHECK(strlen(entra_token_object_id(token)) == 36);
    CHECK(strstr(entra_token_audience(token), "database.windows.net") != NULL);
    CHECK(entra_token_expires_on(token) > (int64_t)time(NULL) + 600);
    structure = entra_token_access_token(token, &size);
    CHECK(size == 4 + 2 * length);
    CHECK((size_t)(structure[0] | structure[1] << 8 | structure[2] << 16) == 2 * length);
    for (i = 0; i < length; i++)
        CHECK(structure[4 + 2 * i] == (unsigned char)text[i] && structure[5 + 2 * i] == 0);

    /* From memory now; the same token, another object. */
    DONE(entra_credential_get_token(credential, "https://database.windows.net/", 1, NULL, &again, &error));
    CHECK(again != token);
    CHECK_TEXT(entra_token_text(again), text);
    entra_token_free(token);
    CHECK_TEXT(entra_token_text(token), "");
    entra_credential_free(credential);
    CHECK(strlen(entra_token_text(again)) == length);
    entra_token_free(again);

    snprintf(string, sizeof string, "AccessToken=%s", access_token);
    credential = of(string);
    DONE(entra_credential_get_token(credential, NULL, 0, NULL, &token, &error));
    CHECK_TEXT(entra_token_principal(token), "ada@contoso.com");
    CHECK_TEXT(entra_token_text(token), access_token);
    entra_token_free(token);
    entra_credential_free(credential);

    credential = of("AccessToken=opaque");
    DONE(entra_credential_get_token(credential, NULL, 0, NULL, &token, &error));
    CHECK(entra_token_expires_on(token) == 0);
    CHECK_TEXT(entra_token_principal(token), "");
    entra_token_free(token);
    entra_credential_free(credential);
}

static void a_refusal_has_entras_number(void)
{
    entra_credential *credential;
    entra_token *token;
    entra_error *error;
    char string[1024];

    snprintf(string, sizeof string, "Authentication=ServicePrincipal;UID=%s;PWD=wrong;TenantId=%s", client, tenant);
    credential = of(string);
    CHECK(entra_credential_get_token(credential, NULL, 0, NULL, &token, &error) == -1);
    CHECK(token == NULL && entra_error_native(error) == 7000215);
    FAILED(-1, "28000", "PWD");
    entra_credential_free(credential);
}

/* --- Providers ------------------------------------------------------------------------------------------------- */

struct behaviour {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int called, released, second_answer;
    entra_answer *late;
};

static struct behaviour behaviour = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0, 0, NULL };

static void tell(int *what)
{
    pthread_mutex_lock(&behaviour.lock);
    *what += 1;
    pthread_cond_broadcast(&behaviour.changed);
    pthread_mutex_unlock(&behaviour.lock);
}

static void wait_for(const int *what, int value)
{
    pthread_mutex_lock(&behaviour.lock);
    while (*what < value)
        pthread_cond_wait(&behaviour.changed, &behaviour.lock);
    pthread_mutex_unlock(&behaviour.lock);
}

static void answers(void *user, const char *scope, uint32_t patience_ms, entra_answer *answer)
{
    CHECK(user == &behaviour && patience_ms > 0 && patience_ms <= 15000);
    CHECK(entra_answer_token(answer, NULL, 0, NULL) == -1 && entra_answer_token(answer, "\xff", 0, NULL) == -1);
    CHECK(entra_answer_token(answer, scope, (int64_t)time(NULL) + 60, NULL) == 0);
    CHECK(entra_answer_token(answer, "second", 0, NULL) == -1);
    behaviour.second_answer = entra_answer_failure(answer, "third");
    behaviour.late = answer;
}

static void fails(void *user, const char *scope, uint32_t patience_ms, entra_answer *answer)
{
    (void)user, (void)scope, (void)patience_ms;
    entra_answer_failure(answer, "the vault is closed");
}

static void says_nothing(void *user, const char *scope, uint32_t patience_ms, entra_answer *answer)
{
    (void)user, (void)scope, (void)patience_ms, (void)answer;
}

static void blocks(void *user, const char *scope, uint32_t patience_ms, entra_answer *answer)
{
    (void)user, (void)scope, (void)patience_ms, (void)answer;
    tell(&behaviour.called);
    wait_for(&behaviour.released, 1);
}

static void ends_its_thread(void *user, const char *scope, uint32_t patience_ms, entra_answer *answer)
{
    (void)user, (void)scope, (void)patience_ms, (void)answer;
    pthread_exit(NULL);
}

static void calls_back(void *user, const char *scope, uint32_t patience_ms, entra_answer *answer)
{
    entra_credential *credential = payroll();
    entra_token *token;
    entra_error *error;
    (void)user;
    DONE(entra_credential_get_token(credential, scope, patience_ms, NULL, &token, &error));
    DONE(entra_register_provider("mine", NULL, NULL, &error));
    CHECK(entra_answer_token(answer, entra_token_text(token), 0, NULL) == 0);
    entra_token_free(token);
    entra_credential_free(credential);
}

static void providers_answer(void)
{
    entra_credential *credential;
    entra_token *token;
    entra_error *error;

    FAILED(entra_credential_from_string("Authentication=TokenProvider;TokenProvider=mine", &credential, &error), "HY000",
        "mine");
    DONE(entra_register_provider("mine", answers, &behaviour, &error));
    credential = of("Authentication=TokenProvider;TokenProvider=mine");
    DONE(entra_credential_get_token(credential, "api://scope", 0, NULL, &token, &error));
    CHECK_TEXT(entra_token_text(token), "api://scope/.default");
    CHECK(behaviour.second_answer == -1 && entra_answer_token(behaviour.late, "late", 0, NULL) == -1);
    entra_token_free(token);

    DONE(entra_register_provider("mine", fails, NULL, &error));
    FAILED(entra_credential_get_token(credential, NULL, 0, NULL, &token, &error), "28000", "the vault is closed");
    DONE(entra_register_provider("mine", says_nothing, NULL, &error));
    FAILED(entra_credential_get_token(credential, NULL, 0, NULL, &token, &error), "28000", "without an answer");
    /* No callback should; Python's do where the interpreter ends meanwhile, and the process must not abort. The thread
       sleeps from then on, so what it held is lost, which valgrind would report. */
    if (getenv("CHECKS_FOR_LEAKS") == NULL) {
        DONE(entra_register_provider("mine", ends_its_thread, NULL, &error));
        FAILED(entra_credential_get_token(credential, NULL, 50, NULL, &token, &error), "HYT00", "");
    }
    DONE(entra_register_provider("mine", calls_back, NULL, &error));
    DONE(entra_credential_get_token(credential, NULL, 0, NULL, &token, &error));
    CHECK_TEXT(entra_token_principal(token), client);
    entra_token_free(token);
    FAILED(entra_credential_get_token(credential, NULL, 0, NULL, &token, &error), "HY000", "mine");
    entra_credential_free(credential);
}

static void *cancels(void *cancellation)
{
    wait_for(&behaviour.called, 2);
    entra_cancellation_cancel(cancellation);
    return NULL;
}

static void who_waits_can_be_stopped(void)
{
    entra_cancellation *cancellation = entra_cancellation_new();
    entra_credential *credential;
    entra_token *token;
    entra_error *error;
    pthread_t thread;

    DONE(entra_register_provider("mine", blocks, NULL, &error));
    credential = of("Authentication=TokenProvider;TokenProvider=mine");
    FAILED(entra_credential_get_token(credential, NULL, 50, NULL, &token, &error), "HYT00", "");
    CHECK(pthread_create(&thread, NULL, cancels, cancellation) == 0);
    /* Without the cancellation this would never end. */
    FAILED(entra_credential_get_token(credential, NULL, UINT32_MAX, cancellation, &token, &error), "HY008", "cancelled");
    pthread_join(thread, NULL);
    FAILED(entra_credential_get_token(credential, NULL, 0, cancellation, &token, &error), "HY008", "cancelled");
    tell(&behaviour.released);
    entra_cancellation_free(cancellation);
    entra_credential_free(credential);
    DONE(entra_register_provider("mine", NULL, NULL, &error));
}

/* --- Prompts --------------------------------------------------------------------------------------------------- */

static void cancels_when_asked(void *user, const entra_prompt *prompt)
{
    CHECK(strlen(prompt->user_code) > 5 && strstr(prompt->message, prompt->user_code) != NULL);
    CHECK(strncmp(prompt->url, "https://", 8) == 0 && prompt->expires_in_s > 10);
    entra_on_prompt(NULL, NULL);
    entra_cancellation_cancel(user);
}

static int prompts_ended;

/* Nobody has signed in: the request was cancelled. */
static void is_told_of_the_end(void *user, const entra_prompt *prompt, const char *account)
{
    CHECK(user == &prompts_ended && account == NULL);
    CHECK(strstr(prompt->message, prompt->user_code) != NULL);
    entra_on_prompt_end(NULL, NULL);
    tell(&prompts_ended);
}

static void a_prompt_reaches_the_program(void)
{
    entra_cancellation *cancellation = entra_cancellation_new();
    entra_credential *credential;
    entra_token *token;
    entra_error *error;
    char string[200];

    snprintf(string, sizeof string, "Authentication=DeviceCode;TenantId=%s", tenant);
    credential = of(string);
    FAILED(entra_credential_get_token(credential, NULL, 0, cancellation, &token, &error), "HYC00", "prompt");
    entra_on_prompt(cancels_when_asked, cancellation);
    entra_on_prompt_end(is_told_of_the_end, &prompts_ended);
    FAILED(entra_credential_get_token(credential, NULL, 0, cancellation, &token, &error), "HY008", "cancelled");
    wait_for(&prompts_ended, 1);
    entra_cancellation_free(cancellation);
    entra_credential_free(credential);
}

/* --- The log --------------------------------------------------------------------------------------------------- */

static char heard[65536];

static void hears(void *user, int32_t level, const char *message)
{
    (void)user;
    pthread_mutex_lock(&behaviour.lock);
    if (level == 3 && strlen(heard) + strlen(message) + 2 < sizeof heard) {
        strcat(heard, message);
        strcat(heard, "\n");
    }
    pthread_cond_broadcast(&behaviour.changed);
    pthread_mutex_unlock(&behaviour.lock);
}

static void the_log_can_be_listened_to(void)
{
    entra_credential *credential;
    entra_token *token;
    entra_error *error;

    FAILED(entra_on_log(hears, NULL, 0, &error), "HY000", "1 to 5");
    FAILED(entra_on_log(hears, NULL, 6, &error), "HY000", "1 to 5");
    DONE(entra_on_log(hears, NULL, 5, &error));
    credential = payroll();
    DONE(entra_credential_get_token(credential, NULL, 0, NULL, &token, &error));
    pthread_mutex_lock(&behaviour.lock);
    while (strstr(heard, client) == NULL)
        pthread_cond_wait(&behaviour.changed, &behaviour.lock);
    CHECK(strstr(heard, "source=") != NULL && strstr(heard, secret) == NULL);
    CHECK(strstr(heard, entra_token_text(token)) == NULL);
    pthread_mutex_unlock(&behaviour.lock);
    DONE(entra_on_log(NULL, NULL, 0, &error));
    entra_token_free(token);
    entra_credential_free(credential);
}

/* --- Handles --------------------------------------------------------------------------------------------------- */

static const unsigned char *set_to;
static short manager_answers;

static short manager(void *hdbc, int attribute, void *value, int length)
{
    CHECK(hdbc != NULL && attribute == 1256 && length == -4);
    set_to = value;
    return manager_answers;
}

static void *manager_address(void)
{
    short (*function)(void *, int, void *, int) = manager;
    void *address;
    memcpy(&address, &function, sizeof address);
    return address;
}

static void short_lived(void *user, const char *scope, uint32_t patience_ms, entra_answer *answer)
{
    char token[20];
    (void)user, (void)scope, (void)patience_ms;
    pthread_mutex_lock(&behaviour.lock);
    snprintf(token, sizeof token, "%d", behaviour.called++);
    pthread_cond_broadcast(&behaviour.changed);
    pthread_mutex_unlock(&behaviour.lock);
    CHECK(entra_answer_token(answer, token, (int64_t)time(NULL) + 2, "someone") == 0);
}

static void handles_keep_their_tokens(void)
{
    entra_credential *credential = payroll(), *other;
    entra_error *error;
    const unsigned char *first;
    volatile const unsigned char *renewed;
    int one, two;

    DONE(entra_set_access_token(&one, credential, NULL, 0, manager_address(), &error));
    first = set_to;
    CHECK((first[0] | first[1] << 8) > 200 && entra_access_tokens_held() == 1);
    /* The same again: the same place. */
    DONE(entra_set_access_token(&one, credential, NULL, 0, manager_address(), &error));
    CHECK(set_to == first && entra_access_tokens_held() == 1);
    DONE(entra_set_access_token(&two, credential, NULL, 0, manager_address(), &error));
    CHECK(set_to != first && entra_access_tokens_held() == 2);
    /* Someone else: another place, and the old one has no token any more. */
    other = of("AccessToken=opaque");
    DONE(entra_set_access_token(&one, other, NULL, 0, manager_address(), &error));
    CHECK(set_to != first && set_to[0] == 12 && set_to[4] == 'o' && first[0] == 0 && first[4] == 0);
    CHECK(entra_access_tokens_held() == 2);
    manager_answers = -1;
    FAILED(entra_set_access_token(&one, credential, NULL, 0, manager_address(), &error), "HY000", "SQLSetConnectAttr");
    manager_answers = 0;
    FAILED(entra_set_access_token(&one, credential, NULL, 0, NULL, &error), "HY000", "no driver manager");
    DONE(entra_release_access_token(&one, &error));
    DONE(entra_release_access_token(&one, &error));
    DONE(entra_release_access_token(&two, &error));
    CHECK(entra_access_tokens_held() == 0);
    entra_credential_free(other);
    entra_credential_free(credential);

    /* Renewed where it is, until it is released. */
    behaviour.called = 0;
    DONE(entra_register_provider("short", short_lived, NULL, &error));
    credential = of("Authentication=TokenProvider;TokenProvider=short");
    DONE(entra_set_access_token(&one, credential, NULL, 0, manager_address(), &error));
    entra_credential_free(credential);
    CHECK(set_to[4] == '0');
    renewed = set_to;
    wait_for(&behaviour.called, 2);
    while (renewed[4] == '0')
        sched_yield();
    CHECK(renewed[4] > '0' && renewed[0] == 2);
    DONE(entra_release_access_token(&one, &error));
    CHECK(renewed[0] == 0 && renewed[4] == 0);
    DONE(entra_register_provider("short", NULL, NULL, &error));
}

/* --- Forks ----------------------------------------------------------------------------------------------------- */

static void a_forked_child_goes_on(void)
{
    entra_credential *credential = payroll();
    entra_token *token, *childs;
    entra_error *error;
    int status = 0, at;

    DONE(entra_credential_get_token(credential, NULL, 0, NULL, &token, &error));
    for (at = 0; at < 2; at++) {
        pid_t child = fork();
        if (child == 0) {
            /* The parent's objects, a token from memory, and one that has to be asked for. */
            CHECK_TEXT(entra_token_principal(token), client);
            DONE(entra_credential_get_token(credential, NULL, 0, NULL, &childs, &error));
            CHECK_TEXT(entra_token_text(childs), entra_token_text(token));
            entra_token_free(childs);
            DONE(entra_credential_get_token(credential, "https://vault.azure.net", 0, NULL, &childs, &error));
            entra_token_free(childs);
            entra_token_free(token);
            entra_credential_free(credential);
            /* Not by exit, at which tools would look for what the child rightly forgets of its parent. */
            execl("/bin/true", "true", (char *)NULL);
            _exit(1);
        }
        CHECK(waitpid(child, &status, 0) == child);
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    CHECK_TEXT(entra_token_principal(token), client);
    entra_token_free(token);
    entra_credential_free(credential);
}

/* Reads memory of the library's after it was freed: what tools that look for such faults must find. */
static void planted(void)
{
    entra_credential *credential;
    entra_error *error;
    const char *message;
    CHECK(entra_credential_from_string("", &credential, &error) == -1);
    message = entra_error_message(error);
    entra_error_free(error);
    printf("%c\n", message[3]);
}

int main(int count, char **arguments)
{
    CHECK(count >= 5);
    tenant = arguments[1];
    client = arguments[2];
    secret = arguments[3];
    access_token = arguments[4];
    if (count > 5) {
        planted();
        return 0;
    }
    null_is_harmless();
    bad_text_and_lengths_are_refused();
    what_was_freed_is_known_for_good();
    a_token_says_what_it_is();
    a_refusal_has_entras_number();
    providers_answer();
    who_waits_can_be_stopped();
    a_prompt_reaches_the_program();
    the_log_can_be_listened_to();
    handles_keep_their_tokens();
    a_forked_child_goes_on();
    puts("all fine");
    return 0;
}
