// Callbacks that throw: the exception ends in the library, and the program goes on.

#include "check.h"

#include <atomic>
#include <stdexcept>
#include <string>

namespace {

struct Noisy {
    static std::atomic<int> living;
    Noisy() { living++; }
    Noisy(const Noisy &) { living++; }
    ~Noisy() { living--; }
};
std::atomic<int> Noisy::living{0};

std::atomic<int> lines{0}, prompts{0};

void provider(void *, const char *, uint32_t, entra_answer *answer)
{
    // Whatever was answered before it: who throws has failed.
    entra_answer_token(answer, "token", 0, nullptr);
    throw Noisy();
}

void log(void *, int32_t, const char *)
{
    lines++;
    throw 42;
}

void prompt(void *user, const entra_prompt *)
{
    prompts++;
    entra_cancellation_cancel(static_cast<entra_cancellation *>(user));
    throw std::runtime_error("thrown on purpose");
}

entra_credential *of(const std::string &text)
{
    entra_credential *credential = nullptr;
    entra_error *error = nullptr;
    DONE(entra_credential_from_string(text.c_str(), &credential, &error));
    return credential;
}

} // namespace

int main(int, char **arguments)
{
    entra_error *error = nullptr;
    entra_token *token = nullptr;

    DONE(entra_on_log(log, nullptr, 5, &error));
    DONE(entra_register_provider("throws", provider, nullptr, &error));
    entra_credential *credential = of("Authentication=TokenProvider;TokenProvider=throws");
    for (int i = 0; i < 10; i++)
        FAILED(entra_credential_get_token(credential, nullptr, 0, nullptr, &token, &error), "28000", "threw an exception");
    entra_credential_free(credential);

    entra_cancellation *cancellation = entra_cancellation_new();
    entra_on_prompt(prompt, cancellation);
    credential = of(std::string("Authentication=DeviceCode;TenantId=") + arguments[1]);
    FAILED(entra_credential_get_token(credential, nullptr, 0, cancellation, &token, &error), "HY008", "cancelled");
    entra_credential_free(credential);
    entra_cancellation_free(cancellation);

    // An exception of the program's own still works beside them.
    try {
        throw Noisy();
    } catch (const Noisy &) {
    }
    CHECK(Noisy::living == 0 && prompts == 1);
    while (lines < 10) {
    }
    puts("all fine");
}
