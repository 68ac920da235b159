// Providers that throw: the C++ wrapper catches, the error arrives in the call, and the program goes on.

#include "check.h"

#include "../../examples/cpp/entra.hpp"

#include <atomic>

namespace {

// Counts its copies, so that an exception that is never freed shows.
struct Counted {
    static std::atomic<int> alive;
    Counted() { alive++; }
    Counted(const Counted &) { alive++; }
    ~Counted() { alive--; }
};
std::atomic<int> Counted::alive{0};

std::string throws_standard(const std::string &, std::chrono::milliseconds) { throw std::runtime_error("thrown on purpose"); }

std::string throws_other(const std::string &, std::chrono::milliseconds) { throw Counted(); }

// The wrapper's provider is asked as often as the program asks, and each call fails with these words.
void fails(const std::string &name, entra::Provider provider, const std::string &words)
{
    entra::register_provider(name, std::move(provider));
    auto credential = entra::credential("Authentication=TokenProvider;TokenProvider=" + name);
    for (int i = 0; i < 10; i++) {
        try {
            entra::token(credential);
            CHECK(!"a token");
        } catch (const entra::Error &error) {
            CHECK_TEXT(error.sqlstate.c_str(), "28000");
            CHECK(std::string(error.what()).find(words) != std::string::npos);
        }
    }
}

} // namespace

int main()
{
    fails("standard", throws_standard, "thrown on purpose");
    fails("other", throws_other, "unknown exception");
    CHECK(Counted::alive == 0);
    puts("all fine");
}
