// When to draw, and how; see the header.
#include "cli/progress.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <thread>

#include "cli/say.h"

namespace vmacheck::cli {
namespace {

constexpr std::chrono::milliseconds first_after{2000};
constexpr std::chrono::milliseconds terminal_interval{200};
constexpr std::chrono::milliseconds plain_interval{10000};
constexpr std::chrono::milliseconds look_interval{2};

// The carriage return and the erasing of a line are no colors, but a `dumb` terminal knows neither.
bool draws() {
    const char* const kind = std::getenv("TERM");
    return isatty(STDERR_FILENO) == 1 && kind != nullptr && std::string_view(kind) != "dumb";
}

}  // namespace

Progress::Progress()
    : terminal_(draws()),
      next_(std::chrono::steady_clock::now() + (terminal_ ? first_after : plain_interval)) {}

void Progress::show(const std::function<std::string()>& text) {
    const auto now = std::chrono::steady_clock::now();
    if (now < next_) return;
    next_ = now + (terminal_ ? terminal_interval : plain_interval);
    if (terminal_)
        say(stderr, "\r\033[K{}", text());
    else
        say(stderr, "{}\n", text());
    std::fflush(stderr);
    drawn_ = terminal_;
}

void Progress::clear() {
    if (drawn_) say(stderr, "\r\033[K");
    drawn_ = false;
}

void Progress::pause() {
    std::this_thread::sleep_for(look_interval);
}

}  // namespace vmacheck::cli
