// The soak, shared out among worker processes: worker w of j runs the programs w, w + j, w + 2j,
// ... of a seed, each in lockstep, until the time is over or something is found.
//
// Every step is in the worker's journal before it runs, so the program of a crash, a hang or a
// killed run is on disk. When one worker has found something, the others go on until they are past
// that program; the lowest number wins, so the answer does not depend on j.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "cli/isolate.h"
#include "cli/progress.h"
#include "search/soak.h"

namespace vmacheck::cli {

struct SoakJob {
    SoakOptions options;
    TargetChoice target;
    unsigned workers = 1;
    std::string directory;  // For the journals.
    std::optional<std::uint64_t> programs;
    std::chrono::steady_clock::time_point deadline;  // Without `programs`.
};

struct SoakTotals {
    std::uint64_t programs = 0;
    std::uint64_t refused = 0;  // Of the programs: those that the target could not be put into.
    std::uint64_t steps = 0;
    std::uint64_t failed_steps = 0;
    std::array<std::uint64_t, case_count> cases{};

    void add(const SoakTotals& other);
};

struct SoakOutcome {
    SoakTotals totals;
    std::string refusal;  // Why the target refused programs, if it did: one of its reasons.
    // What was found: the program, and the finding as its worker saw it.
    std::optional<SoakFind> find;
    std::string journal;  // Where the program is until it is saved; removed by the caller.
    bool failed = false;  // The run itself could not be done; it has been complained about.
};

[[nodiscard]] SoakOutcome soak(const SoakJob& job, Progress& progress);

}  // namespace vmacheck::cli
