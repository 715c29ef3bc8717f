// Forking, watching and reaping of children; see the header.
#include "targets/child.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <thread>

namespace vmacheck {
namespace {

constexpr std::chrono::milliseconds poll_interval{2};

// What `work` returns is told in exit codes that nobody else uses: a sanitizer ends its process
// with 1 or 23, a library with 1 or 127. Every other code is a crash.
constexpr int exit_code_base = 64;

// Runs in the child: nothing of the parent's terminal handling, no core file, no orphan.
[[noreturn]] void become_child(const std::function<int(int)>& work, int output,
                               const ChildOptions& options, pid_t parent) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(EXIT_FAILURE);
    const rlimit no_core{0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    const int log =
        options.stderr_file >= 0 ? options.stderr_file : open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (log >= 0) dup2(log, STDERR_FILENO);
    const int code = work(output);
    // exit() and not _exit(): a sanitizer looks for leaks here. What the parent had buffered was
    // flushed before the fork.
    std::exit(exit_code_base + code);
}

}  // namespace

Child::Child(const std::function<int(int output)>& work, const Heartbeat& heartbeat,
             const ChildOptions& options)
    : heartbeat_(heartbeat), options_(options), last_change_(std::chrono::steady_clock::now()) {
    int ends[2] = {-1, -1};
    std::fflush(nullptr);
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0) {
        const pid_t parent = getpid();
        pid_ = fork();
        if (pid_ == 0) {
            close(ends[0]);
            fcntl(ends[1], F_SETFL, 0);
            become_child(work, ends[1], options_, parent);
        }
        close(ends[1]);
        input_ = ends[0];
    }
    if (pid_ < 0) {
        std::perror("vmacheck: cannot start a child process");
        std::exit(2);
    }
    last_beat_ = heartbeat_.beats.load(std::memory_order_relaxed);
}

Child::~Child() {
    stop();
    close(input_);
}

void Child::stop() {
    if (ended_) return;
    kill(pid_, SIGKILL);
    int status = 0;
    waitpid(pid_, &status, 0);
    reap(status);
}

void Child::drain() {
    char buffer[4096];
    for (ssize_t got = 0; (got = read(input_, buffer, sizeof buffer)) > 0;) {
        output_.append(buffer, static_cast<std::size_t>(got));
    }
}

void Child::reap(int status) {
    drain();
    ended_ = true;
    if (end_.kind == ChildEnd::Kind::hung) return;
    const int base = options_.other_program ? 0 : exit_code_base;
    const int code = WIFEXITED(status) ? WEXITSTATUS(status) - base : -1;
    if (code >= 0 && code <= child_exit_max) {
        end_.exit_code = code;
        return;
    }
    end_.kind = ChildEnd::Kind::crashed;
    end_.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

bool Child::poll() {
    if (ended_) return true;
    drain();
    int status = 0;
    if (waitpid(pid_, &status, WNOHANG) == pid_) {
        reap(status);
        return true;
    }
    const auto now = std::chrono::steady_clock::now();
    const std::uint64_t beat = heartbeat_.beats.load(std::memory_order_relaxed);
    if (beat != last_beat_) {
        last_beat_ = beat;
        last_change_ = now;
    } else if (now - last_change_ > options_.patience) {
        end_.kind = ChildEnd::Kind::hung;
        stop();
        return true;
    }
    return false;
}

void Child::wait(const std::function<void()>& meanwhile) {
    // The first looks come soon after each other: most children of the minimizer end within a
    // millisecond.
    std::chrono::microseconds pause{20};
    while (!poll()) {
        meanwhile();
        std::this_thread::sleep_for(pause);
        if (pause < poll_interval) pause *= 2;
    }
}

}  // namespace vmacheck
