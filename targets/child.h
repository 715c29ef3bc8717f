// Isolation: work that may crash or hang runs in a child process, under limits, and leaves nothing
// behind. What the child has to say comes back through a pipe; what became of it is a value.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>

#include "targets/shared_memory.h"

namespace vmacheck {

// How a child ended. A sanitizer's report is a crash: it ends its process with an exit code of its
// own choice, which is none of ours.
struct ChildEnd {
    enum class Kind : std::uint8_t { finished, crashed, hung };
    Kind kind = Kind::finished;
    int exit_code = 0;  // If finished: what `work` returned, 0 to child_exit_max.
    int signal = 0;     // If crashed by one.
};

// `work` returns 0 to child_exit_max.
inline constexpr int child_exit_max = 3;

// Memory that parent and child share: the child's steps, so that the parent can tell a hang.
struct Heartbeat {
    std::atomic<std::uint64_t> beats{0};
};

struct ChildOptions {
    // Without a new beat for so long, the child is killed and has hung.
    std::chrono::milliseconds patience{2000};
    // An open file that takes the child's stderr; -1: it is dropped.
    int stderr_file = -1;
    // `work` becomes another program (exec), whose exit codes are taken as they are.
    bool other_program = false;
};

// One running child. Destroying it kills it.
class Child {
  public:
    // Forks; `work` runs in the child with the writing end of a pipe. The child dies with its
    // parent.
    Child(const std::function<int(int output)>& work, const Heartbeat& heartbeat,
          const ChildOptions& options);
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;
    ~Child();

    // Looks at the child without waiting: true once it has ended, with end() and output() filled
    // in.
    bool poll();
    // Waits for the end; `meanwhile` is called between looks.
    void wait(const std::function<void()>& meanwhile);
    void wait() {
        wait([] {});
    }

    [[nodiscard]] bool ended() const { return ended_; }
    [[nodiscard]] const ChildEnd& end() const { return end_; }
    // Kills it if it still runs. What it had said is in output().
    void stop();
    // All that it has said, or what it has said since it was last taken.
    [[nodiscard]] const std::string& output() const { return output_; }
    [[nodiscard]] std::string take_output() { return std::exchange(output_, {}); }

  private:
    void drain();
    void reap(int status);

    const Heartbeat& heartbeat_;
    ChildOptions options_;
    pid_t pid_ = -1;
    int input_ = -1;
    bool ended_ = false;
    ChildEnd end_;
    std::string output_;
    std::uint64_t last_beat_ = 0;
    std::chrono::steady_clock::time_point last_change_;
};

}  // namespace vmacheck
