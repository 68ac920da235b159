// entra_odbc.h for C++17: who owns what is a type, failures are exceptions.
#pragma once

#include <entra_odbc.h>

#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

namespace entra {

template <auto Free> struct Freed {
    template <class Object> void operator()(Object *object) const noexcept { Free(object); }
};
template <class Object, auto Free> using Owned = std::unique_ptr<Object, Freed<Free>>;

using Credential = Owned<entra_credential, entra_credential_free>;
using Token = Owned<entra_token, entra_token_free>;

class Error : public std::runtime_error {
public:
    explicit Error(entra_error *error)
        : runtime_error(entra_error_message(error)), sqlstate(entra_error_sqlstate(error)), native(entra_error_native(error))
    {
    }
    std::string sqlstate;
    int native;
};

inline void check(int answer, entra_error *error)
{
    Owned<entra_error, entra_error_free> owned(error);
    if (answer != 0)
        throw Error(error);
}

// Calls a function that hands out an object: its last two parameters are the object and the error.
template <class Object, auto Free, class Function, class... Arguments>
Owned<Object, Free> made(Function function, Arguments... arguments)
{
    Object *object = nullptr;
    entra_error *error = nullptr;
    int answer = function(arguments..., &object, &error);
    check(answer, error);
    return Owned<Object, Free>(object);
}

inline Credential credential(const std::string &connection_string)
{
    return made<entra_credential, entra_credential_free>(entra_credential_from_string, connection_string.c_str());
}

inline Token token(const Credential &credential, std::chrono::milliseconds timeout = {}, const char *scope = nullptr)
{
    const auto *none = static_cast<const entra_cancellation *>(nullptr);
    auto limit = static_cast<uint32_t>(timeout.count());
    return made<entra_token, entra_token_free>(entra_credential_get_token, credential.get(), scope, limit, none);
}

inline std::string stock(const std::string &connection_string)
{
    auto text = made<entra_text, entra_text_free>(entra_stock_connection_string, connection_string.c_str());
    return entra_text_value(text.get());
}

// The token of a connection handle, for as long as this lives: let it go after the connection is closed.
class ConnectionToken {
public:
    ConnectionToken(void *hdbc, const Credential &credential, std::chrono::milliseconds timeout = {}) : hdbc(hdbc)
    {
        entra_error *error = nullptr;
        auto limit = static_cast<uint32_t>(timeout.count());
        int answer = entra_set_access_token(hdbc, credential.get(), nullptr, limit, nullptr, &error);
        check(answer, error);
    }
    ~ConnectionToken() { entra_release_access_token(hdbc, nullptr); }
    ConnectionToken(const ConnectionToken &) = delete;
    ConnectionToken &operator=(const ConnectionToken &) = delete;

private:
    void *hdbc;
};

// Gets a token for a scope within a time limit; throws where there is none.
using Provider = std::function<std::string(const std::string &scope, std::chrono::milliseconds limit)>;

// Has `provider` get the tokens for Authentication=TokenProvider;TokenProvider=name. What it throws becomes the failure
// of the sign-in: no exception may leave a callback of the C API.
inline void register_provider(const std::string &name, Provider provider)
{
    auto callback = [](void *user, const char *scope, uint32_t limit_ms, entra_answer *answer) noexcept {
        try {
            auto token = (*static_cast<Provider *>(user))(scope, std::chrono::milliseconds(limit_ms));
            entra_answer_token(answer, token.c_str(), 0, nullptr);
        } catch (const std::exception &error) {
            entra_answer_failure(answer, error.what());
        } catch (...) {
            entra_answer_failure(answer, "unknown exception");
        }
    };
    auto kept = std::make_unique<Provider>(std::move(provider));
    entra_error *error = nullptr;
    int answer = entra_register_provider(name.c_str(), callback, kept.get(), &error);
    check(answer, error);
    // Never freed: a call may be under way even after another provider took the name.
    kept.release();
}

} // namespace entra
