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
#include "fuzz/session.h"
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
    bool systematic = true;
};

// vmacheck-fuzz beside this command, or nothing.
[[nodiscard]] std::optional<std::string> find_engine();

// An input that ends an engine would end the next one as soon as it reads the corpus. So it is
// moved into a folder beside the corpus. False, with a complaint, if the corpus still has it.
bool move_out_of_corpus(const std::string& corpus, const std::string& input);
[[nodiscard]] std::string folder_beside_corpus(const std::string& corpus);

class Engine {
  public:
    Engine(const EngineJob& job, unsigned index) : job_(job), index_(index) {}

    // Runs for `time`, in whole seconds.
    void start(std::chrono::steady_clock::duration time);
    // Ends it at once; what it has said is heard. True if it had ended before, as for poll().
    bool stop();

    [[nodiscard]] bool runs() const { return child_ != nullptr; }
    // Listens to one that runs. True if it has ended since it was last asked.
    bool poll();

    // How it ended: on its own accord, or not; and whether it had hardly begun.
    [[nodiscard]] bool ended_well() const { return ended_well_; }
    [[nodiscard]] bool was_useless() const { return stats_.executions < useful_executions; }
    // The input under way when it died; nothing if there was none.
    [[nodiscard]] const std::optional<JournalledInput>& last_input() const { return last_input_; }
    // The file in which it says that this input is; empty: it does not say. It says so even if the
    // disk had no room for it.
    [[nodiscard]] std::string artifact() const;
    // What it said last.
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
    std::optional<JournalledInput> last_input_;
    std::string heard_;
    StatsMessage stats_;
    SoakTotals before_;
    std::map<std::string, std::uint64_t> counts_;
    std::map<std::string, std::uint64_t> counts_before_;
    std::vector<FindMessage> finds_;
};

}  // namespace vmacheck::cli
