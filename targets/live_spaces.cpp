// Processes that play address spaces; see the header.
#include "targets/live_spaces.h"

#include <linux/futex.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

#include "model/check_macro.h"
#include "targets/live_window.h"

namespace vmacheck {
namespace {

// Newer than the headers of some systems.
constexpr int pr_set_memory_merge = 67;
// How long a process waits before it looks whether the other one is still there.
constexpr long look_interval_ns = 50'000'000;
// A process of a space lives for one program.
constexpr rlim_t space_cpu_seconds_max = 60;
// A machine that is full of processes may have room for one more in a moment.
constexpr int fork_tries_max = 20;
constexpr useconds_t fork_pause_us = 50'000;

// Returns when `word` is no longer `value`, or after a while.
void wait_while(std::atomic<std::uint32_t>& word, std::uint32_t value) {
    const timespec while_of{0, look_interval_ns};
    syscall(SYS_futex, &word, FUTEX_WAIT, value, &while_of, nullptr, 0);
}

// Gone, or a zombie: "1234 (name) Z ...".
bool is_gone(pid_t pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
    std::string text;
    if (!std::getline(file, text)) return true;
    const std::size_t name_end = text.rfind(") ");
    return name_end == std::string::npos || text.substr(name_end + 2, 1) == "Z";
}

pid_t try_fork() {
    for (int tries = 0; tries < fork_tries_max; ++tries) {
        const pid_t pid = fork();
        if (pid >= 0 || errno != EAGAIN) return pid;
        usleep(fork_pause_us);
    }
    return -1;
}

// That the machine is full of processes says nothing about its memory areas.
Errno refusal_of_fork() {
    return errno == EAGAIN ? Errno::declined : Errno::enomem;
}

// Whose parent dies becomes a child of this process, which then can wait for it.
pid_t fork_for_reaping() {
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    return try_fork();
}

void become_space(pid_t parent) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(EXIT_FAILURE);
    const rlimit cpu{space_cpu_seconds_max, space_cpu_seconds_max};
    setrlimit(RLIMIT_CPU, &cpu);
}

}  // namespace

static_assert(std::is_trivially_copyable_v<Op>, "an operation crosses in shared memory");
static_assert(std::atomic<std::uint32_t>::is_always_lock_free);

void LiveSpaces::pass(Mailbox& box, Turn turn) {
    box.turn.store(static_cast<std::uint32_t>(turn), std::memory_order_release);
    syscall(SYS_futex, &box.turn, FUTEX_WAKE, 1, nullptr, nullptr, 0);
}

// A grandchild becomes a child of this process when its own parent is gone: it is waited for after
// that.
void LiveSpaces::end_all() {
    for (const pid_t pid : made_) kill(pid, SIGKILL);
    for (const pid_t pid : made_) {
        while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
        }
    }
    for (std::size_t space = 0; space < seen_.size(); ++space) {
        if (pids_[space] != 0) seen_[space].file.close();
    }
    seen_[0].fresh = false;
    made_.clear();
    pids_.fill(0);
}

Errno LiveSpaces::run_here(const Op& op) const {
    CHECK(!std::holds_alternative<Fork>(op));
    return std::visit(
        [&](const auto& call) {
            if constexpr (std::is_same_v<decltype(call), const Fork&>)
                return Errno::declined;
            else
                return calls_.run(call);
        },
        op);
}

Errno LiveSpaces::run(SpaceId space, const Op& op) {
    CHECK(has(space));
    seen_[space.value].fresh = false;
    if (const auto* const fork = std::get_if<Fork>(&op)) return fork_from(space, *fork);
    return pid_of(space) == 0 ? run_here(op) : ask(space, op);
}

Errno LiveSpaces::ask(SpaceId space, const Op& op) {
    Mailbox& box = mailbox(space);
    box.op = op;
    pass(box, Turn::asked);
    return answer_of(space);
}

Errno LiveSpaces::answer_of(SpaceId space) {
    Mailbox& box = mailbox(space);
    constexpr auto asked = static_cast<std::uint32_t>(Turn::asked);
    while (box.turn.load(std::memory_order_acquire) == asked) {
        wait_while(box.turn, asked);
        if (box.turn.load(std::memory_order_acquire) != asked || !is_gone(pid_of(space))) continue;
        std::fprintf(stderr, "CHECK failed: the process of space %d died\n", space.value);
        std::abort();
    }
    return box.answer;
}

void LiveSpaces::add(SpaceId space, pid_t pid) {
    pids_[space.value] = pid;
    made_.push_back(pid);
    seen_[space.value].file.open(pid);
    seen_[space.value].fresh = false;
}

bool LiveSpaces::move_out() {
    CHECK(made_.empty());
    const SpaceId space{0};
    Mailbox& box = mailbox(space);
    // It answers when it has come up.
    box.turn.store(static_cast<std::uint32_t>(Turn::asked));
    const pid_t parent = getpid();
    const pid_t pid = fork_for_reaping();
    if (pid == 0) {
        become_space(parent);
        const bool on = prctl(pr_set_memory_merge, 1UL, 0UL, 0UL, 0UL) == 0;
        box.answer = on ? Errno::ok : Errno::eperm;
        pass(box, Turn::answered);
        serve(space);
    }
    if (pid < 0) return false;
    add(space, pid);
    return answer_of(space) == Errno::ok;
}

Errno LiveSpaces::fork_from(SpaceId space, const Fork& op) {
    CHECK(!has(op.child));
    Mailbox& born = mailbox(op.child);
    born.turn.store(static_cast<std::uint32_t>(Turn::idle));
    born.pid = 0;
    Errno answer = Errno::ok;
    if (pid_of(space) == 0) {
        const pid_t parent = getpid();
        const pid_t pid = fork_for_reaping();
        if (pid == 0) {
            become_space(parent);
            serve(op.child);
        }
        born.pid = pid;
        if (pid < 0) answer = refusal_of_fork();
    } else {
        answer = ask(space, op);
    }
    if (answer == Errno::ok) add(op.child, born.pid);
    return answer;
}

void LiveSpaces::serve(SpaceId space) const {
    constexpr auto asked = static_cast<std::uint32_t>(Turn::asked);
    for (;;) {
        Mailbox& box = mailbox(space);
        const std::uint32_t turn = box.turn.load(std::memory_order_acquire);
        if (turn != asked) {
            wait_while(box.turn, turn);
            continue;
        }
        if (const auto* const fork = std::get_if<Fork>(&box.op)) {
            // Copied: when the child runs, there may be another step in the mailbox.
            const SpaceId child = fork->child;
            const pid_t parent = getpid();
            const pid_t pid = try_fork();
            if (pid == 0) {
                become_space(parent);
                space = child;
                continue;
            }
            mailbox(child).pid = pid;
            box.answer = pid > 0 ? Errno::ok : refusal_of_fork();
        } else {
            box.answer = run_here(box.op);
        }
        pass(box, Turn::answered);
    }
}

const std::vector<LiveArea>& LiveSpaces::areas(SpaceId space) const {
    Seen& seen = seen_[space.value];
    if (seen.fresh) return seen.areas;
    if (!seen.file.is_open() && pid_of(space) == 0) seen.file.open(getpid());
    seen.file.read(live_window_start - live_margin_bytes,
                   live_address(Page{live_pages_max.value}) + live_margin_bytes, seen.areas);
    seen.fresh = true;
    return seen.areas;
}

}  // namespace vmacheck
