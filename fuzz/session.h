// A fuzzing process at work: bytes become a program, the program runs in lockstep, and what is
// found is saved, counted by bucket, and told.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "fuzz/report.h"
#include "fuzz/session_options.h"
#include "model/check.h"
#include "search/minimize.h"

namespace vmacheck {

class Session {
  public:
    // `case_counters` get how often each case happened in the input (saturating): they are the
    // engine's, which reads and clears them.
    Session(const SessionOptions& options, Target& target,
            std::span<std::uint8_t, case_count> case_counters);

    void execute(std::span<const std::uint8_t> bytes);

    // The last words, if anybody listens.
    void say_stats();

    [[nodiscard]] const SessionOptions& options() const { return options_; }

  private:
    struct Close {
        void operator()(std::FILE* file) const { std::fclose(file); }
    };
    struct Bucketed {
        std::uint64_t count = 0;
        std::size_t steps = 0;  // Of the shortest program.
    };

    // Where a step of the input is made to fail. Point 0: nowhere, the input runs as it is.
    struct FailedPoint {
        std::size_t step = 0;
        std::size_t point = 0;
    };

    void write_journal(std::span<const std::uint8_t> bytes, FailedPoint failed);
    [[nodiscard]] std::optional<Finding> fail_a_step(std::span<const std::uint8_t> bytes);
    void count_cases();
    void keep(const Finding& finding);

    SessionOptions options_;
    std::span<std::uint8_t, case_count> case_counters_;
    Lockstep lockstep_;
    std::unique_ptr<std::FILE, Close> journal_;
    std::string journalled_;
    World world_;
    std::vector<Step> steps_;
    std::vector<std::size_t> points_;
    std::array<std::uint64_t, case_count> cases_before_{};
    std::uint64_t executions_ = 0;
    std::map<std::string, Bucketed, std::less<>> buckets_;
    std::chrono::steady_clock::time_point next_stats_;
};

// Saves a program that fails as DIR/find-HASH.orig.vma, in one move. Answers the path, empty if
// that could not be.
std::string save_find(const std::string& folder, const std::string& text);

// What a journal holds: the input under way, and what was run before it.
struct JournalledInput {
    std::uint64_t executions = 0;
    std::uint64_t steps = 0;
    std::uint64_t failed_steps = 0;
    // If `failed_point` is not 0, what ran is the input up to this step, which fails there.
    std::uint64_t failed_step = 0;
    std::uint64_t failed_point = 0;
    std::string bytes;
};
// The program that ran, by the rules of `profile`; null: those that the input names.
Candidate program_under_way(const JournalledInput& input, const Profile* profile);

// Nothing if none was begun.
std::optional<JournalledInput> read_journal(std::string_view journal);

}  // namespace vmacheck
