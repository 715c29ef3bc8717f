// One process after the other; see the header.
#include "cli/engine.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "cli/beside.h"
#include "cli/files.h"
#include "impl/bugs.h"
#include "model/hash.h"
#include "report/wrap.h"

namespace vmacheck::cli {
namespace {

namespace fs = std::filesystem;

// A program of 64 steps, 16 files and some areas.
constexpr std::size_t input_bytes = 2048;
constexpr std::size_t journal_bytes = 2 * input_bytes;
constexpr std::size_t stderr_bytes = std::size_t{1} << 16;
// An input takes microseconds; what takes seconds hangs.
constexpr int input_seconds = 2;
constexpr int memory_mebibytes = 2048;
// libFuzzer has a timer of its own for inputs that hang, so the parent need not watch.
constexpr std::chrono::hours patience{24 * 365};

}  // namespace

std::optional<std::string> find_engine() {
    return find_beside(bugs_built_in() ? "vmacheck-fuzz-bugs" : "vmacheck-fuzz");
}

std::string folder_beside_corpus(const std::string& corpus) {
    std::error_code error;
    return fs::weakly_canonical(corpus, error).string() + ".failing";
}

bool move_out_of_corpus(const std::string& corpus, const std::string& input) {
    std::error_code error;
    std::vector<fs::path> files;
    for (fs::recursive_directory_iterator at(corpus, error), end; !error && at != end;
         at.increment(error)) {
        std::error_code unknown;
        const std::uintmax_t size = at->file_size(unknown);
        // An engine reads no more of a file than this.
        if (unknown || std::min<std::uintmax_t>(size, input_bytes) != input.size()) continue;
        const std::optional<std::string> bytes = read_input(at->path().string());
        if (bytes && bytes->starts_with(input)) files.push_back(at->path());
    }
    const std::string folder = folder_beside_corpus(corpus);
    for (const fs::path& file : files) {
        fs::create_directories(folder, error);
        fs::path to = folder / file.filename();
        if (fs::exists(to, error)) to += "-" + hash_of(input);
        fs::rename(file, to, error);
        if (!error || !fs::exists(file)) continue;
        complain(fmt::format("{}: ends an engine, and cannot be moved to {}",
                             printable(file.string()), printable(folder)));
        return false;
    }
    return true;
}

std::vector<std::string> Engine::arguments(std::chrono::seconds time) const {
    // A seed of libFuzzer is 32 bits, and 0 means the clock. After a crash it must be another one,
    // or the same inputs would come again; and neighbours of a seed must not share engines.
    const std::uint64_t seed = fnv1a(fmt::format("{} {} {}", job_.seed, index_, starts_));
    std::vector<std::string> words = {
        job_.program,
        fmt::format("-seed={}", 1 + seed % UINT32_MAX),
        fmt::format("-max_total_time={}", time.count()),
        fmt::format("-max_len={}", input_bytes),
        fmt::format("-timeout={}", input_seconds),
        fmt::format("-rss_limit_mb={}", memory_mebibytes),
        fmt::format("-artifact_prefix={}/", job_.directory),
        "-reload=1",
        // Its schedule by rare features costs a quarter of the time here; how often an edge was
        // passed is a matter of how long a program is; and to put shorter inputs in the place of
        // longer ones costs another fifth, because short programs have little to check. None of
        // them finds seeded bugs sooner, counted in inputs (docs/fuzzing.md).
        "-entropic=0",
        "-use_counters=0",
        "-reduce_inputs=0",
        "-report_slow_units=1000000",
        "-verbosity=0",
        "-print_final_stats=0",
        fmt::format("--finds={}", job_.directory),
        fmt::format("--journal={}", journal_->path()),
    };
    if (job_.profile != nullptr) words.push_back(fmt::format("--profile={}", job_.profile->name));
    if (!job_.target.bug.empty()) words.push_back("--bug=" + job_.target.bug);
    if (job_.once) words.emplace_back("--once");
    if (job_.raw) words.emplace_back("--raw");
    if (job_.systematic) words.emplace_back("--systematic");
    // What begins with a dash would be an option.
    words.push_back(job_.corpus.starts_with('-') ? "./" + job_.corpus : job_.corpus);
    return words;
}

void Engine::start(std::chrono::steady_clock::duration time) {
    before_ = totals();
    counts_before_ = buckets();
    stats_ = {};
    counts_.clear();
    heard_.clear();
    last_input_.reset();
    journal_ = std::make_unique<MemoryFile>(MemoryFile::Life::inherited);
    stderr_ = std::make_unique<MemoryFile>();
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(time);
    std::vector<std::string> words = arguments(std::max(seconds, std::chrono::seconds{1}));
    ++starts_;
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    child_ = std::make_unique<Child>(
        [&argv](int pipe) {
            dup2(pipe, STDOUT_FILENO);
            execv(argv.front(), argv.data());
            return child_exit_max;
        },
        heartbeat_, ChildOptions{patience, stderr_->file(), true});
}

bool Engine::stop() {
    if (child_ == nullptr) return false;
    if (poll()) return true;
    child_->stop();
    heard_ += child_->take_output();
    listen();
    child_.reset();
    return false;
}

bool Engine::poll() {
    const bool ended = child_->poll();
    heard_ += child_->take_output();
    listen();
    if (!ended) return false;
    const ChildEnd& end = child_->end();
    ended_well_ = end.kind == ChildEnd::Kind::finished && end.exit_code == 0;
    child_.reset();
    if (ended_well_) return true;
    // One that died did not come to say how far it was.
    std::optional<JournalledInput> journalled = read_journal(journal_->text(journal_bytes));
    if (!journalled) return true;
    stats_.executions = std::max(stats_.executions, journalled->executions + 1);
    stats_.steps = std::max(stats_.steps, journalled->steps);
    stats_.failed_steps = std::max(stats_.failed_steps, journalled->failed_steps);
    last_input_ = std::move(journalled);
    return true;
}

void Engine::listen() {
    while (std::optional<Message> message = take_message(heard_)) {
        if (auto* const stats = std::get_if<StatsMessage>(&*message)) {
            stats_ = *stats;
        } else if (const auto* const bucket = std::get_if<BucketMessage>(&*message)) {
            counts_[bucket->name] = bucket->count;
        } else if (auto* const find = std::get_if<FindMessage>(&*message)) {
            finds_.push_back(std::move(*find));
        }
    }
}

std::string Engine::last_words() const {
    return stderr_->tail(stderr_bytes);
}

std::string Engine::artifact() const {
    constexpr std::string_view before = "Test unit written to ";
    const std::string words = last_words();
    const std::size_t at = words.rfind(before);
    if (at == std::string::npos) return "";
    const std::size_t begin = at + before.size();
    std::string path = words.substr(begin, words.find('\n', begin) - begin);
    // Whatever else a target may say.
    const std::string name = fs::path(path).filename().string();
    return is_engine_artifact(name) && path == job_.directory + "/" + name ? path : "";
}

SoakTotals Engine::totals() const {
    SoakTotals totals = before_;
    totals.add({.programs = stats_.executions,
                .steps = stats_.steps,
                .failed_steps = stats_.failed_steps,
                .cases = stats_.cases});
    return totals;
}

std::map<std::string, std::uint64_t> Engine::buckets() const {
    std::map<std::string, std::uint64_t> sum = counts_before_;
    for (const auto& [name, count] : counts_) sum[name] += count;
    return sum;
}

}  // namespace vmacheck::cli
