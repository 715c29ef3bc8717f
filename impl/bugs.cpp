// The switches of the seeded bugs, and the mistakes that only a sanitizer or a clock can see.
#include "impl/bugs.h"

#ifdef VMACHECK_BUGS

#include <atomic>
#include <new>
#include <vector>

namespace vmacheck {
namespace {

struct Switch {
    std::atomic<bool> on = false;
    std::atomic<std::uint64_t> reached = 0;
};
std::array<Switch, bug_count> switches;

Switch& switch_of(Bug bug) {
    return switches[static_cast<std::size_t>(bug)];
}

}  // namespace

bool bugs_built_in() {
    return true;
}

bool enable_bug(Bug bug) {
    switch_of(bug).on.store(true, std::memory_order_relaxed);
    return true;
}

void disable_bugs() {
    for (Switch& each : switches) {
        each.on.store(false, std::memory_order_relaxed);
        each.reached.store(0, std::memory_order_relaxed);
    }
}

bool bug_enabled(Bug bug) {
    return switch_of(bug).on.load(std::memory_order_relaxed);
}

std::uint64_t bug_reached(Bug bug) {
    return switch_of(bug).reached.load(std::memory_order_relaxed);
}

bool bug_strikes(Bug bug) {
    Switch& found = switch_of(bug);
    if (!found.on.load(std::memory_order_relaxed)) return false;
    found.reached.fetch_add(1, std::memory_order_relaxed);
    return true;
}

// The volatile objects below keep the compiler from seeing what happens, and so from removing it.

void loop_forever() {
    volatile std::uint64_t turns = 0;
    for (;;) turns = turns + 1;
}

// Two elements of 8 bytes come in a block of 24 from glibc's malloc, so that the third hits nobody.
void write_past_the_end() {
    std::vector<std::uint64_t> edges(2);
    volatile std::size_t behind = edges.size();
    volatile std::uint64_t* const first = edges.data();
    first[behind] = 1;
}

void lose_memory() {
    static void* volatile last = nullptr;
    last = ::operator new(64);
    *static_cast<char*>(last) = 1;
    last = nullptr;
}

}  // namespace vmacheck

#else

namespace vmacheck {

bool bugs_built_in() {
    return false;
}
bool enable_bug(Bug /*bug*/) {
    return false;
}
void disable_bugs() {}
bool bug_enabled(Bug /*bug*/) {
    return false;
}
std::uint64_t bug_reached(Bug /*bug*/) {
    return 0;
}

}  // namespace vmacheck

#endif
