// A libFuzzer process at work on a corpus: started, listened to, started again after a crash.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/target_choice.h"
#include "cli/workers.h"
#include "fuzz/report.h"
#include "targets/child.h"
#include "targets/memory_file.h"

namespace vmacheck::cli {

struct EngineJob {
    std::string program;  // vmacheck-fuzz, with its path.
    TargetChoice target;
    const Profile* profile = nullptr;  // Null: the one that an input names.
    std::string corpus;                // A folder.
    std::string directory;             // For what is found.
    std::uint64_t seed = 0;
    bool once = false;
    bool raw = false;
};

// vmacheck-fuzz beside this command, or nothing.
[[nodiscard]] std::optional<std::string> find_engine();

class Engine {
  public:
    Engine(const EngineJob& job, unsigned index) : job_(job), index_(index) {}

    // Runs for `time`, in whole seconds.
    void start(std::chrono::steady_clock::duration time);
    // Ends it at once; what it has said is heard.
    void stop();

    [[nodiscard]] bool runs() const { return child_ != nullptr; }
    // Listens to one that runs. True if it has ended since it was last asked.
    bool poll();

    // How it ended: on its own accord, or not; and whether it had hardly begun.
    [[nodiscard]] bool ended_well() const { return ended_well_; }
    [[nodiscard]] bool was_useless() const { return stats_.executions < useful_executions; }
    // The input under way when it ended, and what it said last.
    [[nodiscard]] const std::string& last_input() const { return last_input_; }
    [[nodiscard]] std::string last_words() const;

    // Over all of its starts.
    [[nodiscard]] SoakTotals totals() const;
    [[nodiscard]] std::map<std::string, std::uint64_t> buckets() const;
    // Programs that it has told of since it was last asked.
    [[nodiscard]] std::vector<FindMessage> take_finds() { return std::exchange(finds_, {}); }

  private:
    static constexpr std::uint64_t useful_executions = 1000;

    void listen();
    [[nodiscard]] std::vector<std::string> arguments(std::chrono::seconds time) const;

    const EngineJob& job_;
    unsigned index_;
    std::uint64_t starts_ = 0;
    Heartbeat heartbeat_;
    std::unique_ptr<MemoryFile> journal_;
    std::unique_ptr<MemoryFile> stderr_;
    std::unique_ptr<Child> child_;
    bool ended_well_ = true;
    std::string last_input_;
    std::string heard_;
    StatsMessage stats_;
    SoakTotals before_;
    std::map<std::string, std::uint64_t> counts_;
    std::map<std::string, std::uint64_t> counts_before_;
    std::vector<FindMessage> finds_;
};

}  // namespace vmacheck::cli
