// Address spaces that came from fork: each is a process that waits for steps in memory that all of
// them share. Space 0 is the calling process itself, or another one by move_out().
//
// None outlives the process that made it, and all are gone when a new program begins.
#pragma once

#include <sys/types.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <vector>

#include "model/op.h"
#include "model/result.h"
#include "model/world.h"
#include "targets/live_areas.h"
#include "targets/live_calls.h"
#include "targets/shared_memory.h"

namespace vmacheck {

class LiveSpaces {
  public:
    explicit LiveSpaces(LiveCalls& calls) : calls_(calls) {}
    LiveSpaces(const LiveSpaces&) = delete;
    LiveSpaces& operator=(const LiveSpaces&) = delete;
    ~LiveSpaces() { end_all(); }

    // Ends every process but this one.
    void end_all();

    // Puts space 0 into a process that has PR_SET_MEMORY_MERGE on; false if that is refused. It
    // marks all that the process has, and to take it back costs a look at each page: so the process
    // ends with its program.
    [[nodiscard]] bool move_out();

    [[nodiscard]] bool has(SpaceId space) const { return space.value == 0 || pid_of(space) > 0; }
    // Of a space that is there; what `fork` makes must not be there.
    [[nodiscard]] Errno run(SpaceId space, const Op& op);
    // They are read again when a step was made in the space: no other can change them.
    [[nodiscard]] const std::vector<LiveArea>& areas(SpaceId space) const;

  private:
    enum class Turn : std::uint32_t { idle, asked, answered };
    struct Mailbox {
        std::atomic<std::uint32_t> turn{0};
        Op op;
        Errno answer = Errno::ok;
        pid_t pid = 0;  // Of the process that a fork made.
    };

    [[nodiscard]] pid_t pid_of(SpaceId space) const { return pids_[space.value]; }
    [[nodiscard]] Mailbox& mailbox(SpaceId space) const { return (*mailboxes_)[space.value]; }
    [[nodiscard]] Errno run_here(const Op& op) const;
    [[nodiscard]] Errno ask(SpaceId space, const Op& op);
    [[nodiscard]] Errno answer_of(SpaceId space);
    void add(SpaceId space, pid_t pid);
    [[nodiscard]] Errno fork_from(SpaceId space, const Fork& op);
    [[noreturn]] void serve(SpaceId space) const;
    static void pass(Mailbox& box, Turn turn);

    LiveCalls& calls_;
    Shared<std::array<Mailbox, space_count_max>> mailboxes_;
    std::array<pid_t, space_count_max> pids_{};
    std::vector<pid_t> made_;  // Parents before their children.
    struct Seen {
        LiveAreaFile file;
        std::vector<LiveArea> areas;
        bool fresh = false;
    };
    mutable std::array<Seen, space_count_max> seen_;
};

}  // namespace vmacheck
