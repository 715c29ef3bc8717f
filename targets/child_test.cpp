// What a child can do to its parent: nothing.
#include "targets/child.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string>
#include <thread>

namespace vmacheck {
namespace {

using Kind = ChildEnd::Kind;
const ChildOptions impatient{std::chrono::milliseconds(200), -1};

bool write_all(int output, const std::string& text) {
    return write(output, text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

TEST(child, says_what_it_was_asked) {
    const Shared<Heartbeat> heartbeat;
    // More than a pipe holds, so the parent has to read while the child writes.
    const std::string text(300000, 'x');
    Child child([&](int output) { return write_all(output, text) ? 1 : 2; }, *heartbeat, {});
    child.wait();
    EXPECT_EQ(child.end().kind, Kind::finished);
    EXPECT_EQ(child.end().exit_code, 1);
    EXPECT_EQ(child.output(), text);
}

TEST(child, that_aborts_has_crashed) {
    const Shared<Heartbeat> heartbeat;
    Child child([](int) -> int { std::abort(); }, *heartbeat, {});
    child.wait();
    EXPECT_EQ(child.end().kind, Kind::crashed);
    EXPECT_EQ(child.end().signal, SIGABRT);
}

TEST(child, that_exits_with_a_code_of_its_own_has_crashed) {
    const Shared<Heartbeat> heartbeat;
    // 1 is what AddressSanitizer ends a process with, 23 is LeakSanitizer's.
    for (const int code : {0, 1, 3, 23, 77}) {
        Child child([code](int) -> int { _exit(code); }, *heartbeat, {});
        child.wait();
        EXPECT_EQ(child.end().kind, Kind::crashed) << code;
        EXPECT_EQ(child.end().signal, 0);
    }
}

TEST(child, that_makes_no_progress_has_hung) {
    const Shared<Heartbeat> heartbeat;
    Child child(
        [](int) -> int {
            for (;;) pause();
        },
        *heartbeat, impatient);
    child.wait();
    EXPECT_EQ(child.end().kind, Kind::hung);
}

TEST(child, that_is_slow_but_makes_progress_has_not_hung) {
    const Shared<Heartbeat> heartbeat;
    Child child(
        [&](int) {
            for (int i = 0; i < 20; ++i) {
                heartbeat->beats.fetch_add(1);
                std::this_thread::sleep_for(std::chrono::milliseconds(25));
            }
            return 0;
        },
        *heartbeat, impatient);
    child.wait();
    EXPECT_EQ(child.end().kind, Kind::finished);
}

TEST(child, keeps_its_last_words_where_it_was_told) {
    const int file = memfd_create("child_test", MFD_CLOEXEC);
    ASSERT_GE(file, 0);
    const Shared<Heartbeat> heartbeat;
    Child child(
        [](int) -> int {
            std::fputs("last words\n", stderr);
            std::abort();
        },
        *heartbeat, {std::chrono::milliseconds(2000), file});
    child.wait();
    std::string words(100, '\0');
    const ssize_t got = pread(file, words.data(), words.size(), 0);
    ASSERT_GE(got, 0);
    words.resize(static_cast<std::size_t>(got));
    EXPECT_EQ(words, "last words\n");
    close(file);
}

TEST(child, is_gone_with_its_owner) {
    const Shared<Heartbeat> heartbeat;
    const Shared<std::atomic<pid_t>> pid;
    {
        Child child(
            [&](int) -> int {
                pid->store(getpid());
                for (;;) pause();
            },
            *heartbeat, {});
        while (pid->load() == 0) std::this_thread::yield();
    }
    EXPECT_EQ(kill(pid->load(), 0), -1);
    EXPECT_EQ(errno, ESRCH);
}

}  // namespace
}  // namespace vmacheck
