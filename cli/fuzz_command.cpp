// `vmacheck fuzz`: engines on one corpus, and what they find into buckets, until the time is over
// or somebody presses Ctrl-C.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <deque>
#include <filesystem>
#include <map>
#include <random>
#include <set>

#include "cli/bucket_store.h"
#include "cli/clocks.h"
#include "cli/commands.h"
#include "cli/engine.h"
#include "cli/files.h"
#include "cli/find.h"
#include "cli/required.h"
#include "cli/say.h"
#include "model/binary.h"
#include "model/text.h"
#include "report/text_report.h"
#include "report/wrap.h"

namespace vmacheck::cli {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

// An engine that cannot even start would be started for ever.
constexpr int useless_ends_max = 3;

std::atomic<bool> interrupted{false};

std::uint64_t files_in(const std::string& directory) {
    std::error_code error;
    std::uint64_t count = 0;
    for (fs::directory_iterator at(directory, error), end; !error && at != end;
         at.increment(error)) {
        ++count;
    }
    return count;
}

class Fuzz {
  public:
    Fuzz(const FuzzCommand& command, EngineJob job)
        : command_(command),
          job_(std::move(job)),
          text_(text_file(command.json)),
          store_(command.out),
          start_(Clock::now()) {
        Environment environment = environment_of(command.target);
        find_job_ = {command.target, environment, command.out, text_};
        if (job_.profile != nullptr)
            profiles_ = {job_.profile};
        else
            profiles_.assign(all_profiles.begin(), all_profiles.end());
    }

    Exit run() {
        if (!store_.load()) return Exit::bad_input;
        for (const auto& [name, bucket] : store_.buckets()) counts_before_[name] = bucket.count;
        say(text_, "fuzz: seed {}, profile {}, target {}, corpus {} ({} inputs), finds {}\n",
            job_.seed, command_.profile, command_.target.name, printable(job_.corpus),
            files_in(job_.corpus), printable(command_.out));
        std::fflush(text_);
        for (const std::string& path : store_.originals()) examine_file(path);
        work();
        return conclude();
    }

  private:
    [[nodiscard]] Clock::duration left() const {
        if (!command_.time) return std::chrono::hours(24 * 365);
        return start_ + *command_.time - Clock::now();
    }
    [[nodiscard]] bool over() const {
        return failed_ || interrupted || left() <= Clock::duration::zero() ||
               (command_.once && !found_.empty());
    }

    void work() {
        for (unsigned index = 0; index < command_.jobs; ++index) engines_.emplace_back(job_, index);
        if (over()) return;
        for (Engine& engine : engines_) engine.start(left());
        for (bool running = true; running; Progress::pause()) {
            running = false;
            for (Engine& engine : engines_) running = attend(engine) || running;
            progress_.show([this] { return progress_text(); });
            if (!over()) continue;
            // At the end of the time an engine still says its last words.
            const bool time_over = !failed_ && !interrupted && left() <= Clock::duration::zero();
            if (time_over && left() > -last_words_patience) continue;
            for (Engine& engine : engines_) engine.stop();
        }
        progress_.clear();
    }

    // Answers whether the engine runs.
    bool attend(Engine& engine) {
        const bool ended = engine.poll();
        for (const FindMessage& find : engine.take_finds()) examine_message(find);
        if (!ended) return true;
        if (interrupted) return false;
        if (!engine.ended_well()) examine_end(engine);
        if (over()) return false;
        engine.start(left());
        return true;
    }

    // A program that an engine saved, or said if it could not save it.
    void examine_message(const FindMessage& find) {
        const auto parsed = parse_program(find.text);
        if (const auto* const program = std::get_if<Program>(&parsed))
            examine(candidate_of(*program), find.path);
    }

    // What is left of an engine that died: a file of the engine's, or, if the disk is full, the
    // input that was under way.
    void examine_end(const Engine& engine) {
        const std::size_t before = outside_count_;
        for (const std::string& path : store_.originals()) examine_file(path);
        if (outside_count_ == before) {
            Candidate candidate;
            const std::string& input = engine.last_input();
            const auto* const bytes = reinterpret_cast<const std::uint8_t*>(input.data());
            decode_program({bytes, input.size()}, linux_6_18_profile, candidate.world,
                           candidate.steps);
            examine(candidate, "");
        }
        if (outside_count_ > before) {
            useless_ends_ = 0;
            return;
        }
        if (++useless_ends_ < useless_ends_max) return;
        complain(
            fmt::format("the engine ends again and again, and no program of its does so "
                        "alone; it said: {}",
                        telling_line(engine.last_words())));
        failed_ = true;
    }

    void examine_file(const std::string& path) {
        const std::optional<ProgramFile> file = read_program(path);
        if (!file) {
            failed_ = true;
            return;
        }
        // What a process that was killed had saved, it had not counted.
        examine(candidate_of(file->program), path, 1);
    }

    // `path`: where the program is saved; empty: nowhere. `count`: how often it was not counted.
    void examine(Candidate candidate, const std::string& path, std::uint64_t count = 0) {
        if (job_.profile != nullptr) candidate.world.profile = job_.profile;
        IsolateOptions isolation;
        isolation.answers = false;
        const RunRecord record =
            run_isolated(program_of(candidate.world, candidate.steps), command_.target, isolation);
        if (!record.finding) {
            set_aside(path);
            return;
        }
        const std::string bucket = bucket_name(record.finding->bucket);
        const Verdict verdict = record.finding->bucket.verdict;
        const bool outside = verdict == Verdict::crash || verdict == Verdict::hang;
        outside_count_ += outside ? 1 : 0;
        uncounted_[bucket] += outside ? 1 : count;
        const StoredBucket* const known = store_.find(bucket);
        // A candidate of a crash costs a process; so only what is shorter from the start is tried.
        const bool worth = known == nullptr || !outside || record.finding->step + 1 < known->steps;
        const std::optional<Story> story =
            worth ? tell(find_job_, candidate, progress_) : std::nullopt;
        if (story) keep(*story, known == nullptr);
        found_.insert(bucket);
        count_buckets();
        if (store_.save() && !path.empty()) unlink(path.c_str());
    }

    void keep(const Story& story, bool is_new) {
        if (!store_.keep(find_job_, story)) return;
        const std::string name = bucket_name(story.example.finding.bucket);
        const StoredBucket& bucket = *store_.find(name);
        progress_.clear();
        if (is_new)
            say(text_, "{}{}\n", text_report(story.example, find_job_.environment, bucket.file),
                bucket.file);
        else
            say(text_, "smaller: {}: {} steps, {} pages: {}\n", name, bucket.steps, bucket.pages,
                bucket.file);
        std::fflush(text_);
    }

    // It must not come again with the next run, and it must not be lost.
    void set_aside(const std::string& path) const {
        if (path.empty()) return;
        const fs::path from(path);
        const fs::path to = from.parent_path() / ("unconfirmed-" + from.filename().string());
        std::error_code error;
        fs::rename(from, to, error);
        complain(fmt::format("{} does not fail by itself; it is kept as {}", printable(path),
                             printable(to.string())));
    }

    void count_buckets() {
        std::map<std::string, std::uint64_t> counts = counts_before_;
        for (const auto& [name, count] : uncounted_) counts[name] += count;
        for (const Engine& engine : engines_) {
            for (const auto& [name, count] : engine.buckets()) counts[name] += count;
        }
        for (const auto& [name, count] : counts) {
            if (store_.find(name) != nullptr)
                store_.set_count(name, std::max<std::uint64_t>(count, 1));
        }
    }

    [[nodiscard]] SoakTotals totals() const {
        SoakTotals totals;
        for (const Engine& engine : engines_) totals.add(engine.totals());
        return totals;
    }

    // Required under some profile of this run.
    [[nodiscard]] std::vector<CaseId> required() const {
        const auto target = make_target(command_.target);
        std::vector<CaseId> ids;
        for (CaseId id = 0; id < case_count; ++id) {
            const bool wanted = std::any_of(profiles_.begin(), profiles_.end(), [&](const auto* p) {
                return case_required(id, {job_.seed, &full_alphabet(), p, world_pages_default},
                                     target->sight());
            });
            if (wanted) ids.push_back(id);
        }
        return ids;
    }

    [[nodiscard]] std::string progress_text() const {
        const SoakTotals sum = totals();
        const double spent = seconds_since(start_);
        std::uint64_t reached = 0;
        const std::vector<CaseId> wanted = required();
        for (const CaseId id : wanted) reached += sum.cases[id] > 0 ? 1 : 0;
        std::string text = fmt::format("fuzz {}: {:.0f} s", command_.profile, spent);
        if (command_.time)
            text +=
                fmt::format(" of {:.0f} s", std::chrono::duration<double>(*command_.time).count());
        const auto steps = static_cast<double>(sum.steps);
        return text + fmt::format(
                          ", {:.1f} million steps, {:.2f} million a second, {} of {} cases, "
                          "corpus {}, buckets {}",
                          steps / 1e6, steps / spent / 1e6, reached, wanted.size(),
                          files_in(job_.corpus), store_.buckets().size());
    }

    Exit conclude() {
        // A find that came with the last words of an engine.
        for (const std::string& path : store_.originals()) examine_file(path);
        count_buckets();
        if (!store_.buckets().empty()) failed_ = !store_.save() || failed_;
        const FuzzReport report = make_report();
        if (!command_.json.empty())
            failed_ = !write_output(command_.json, to_json(report) + "\n") || failed_;
        say(text_, "fuzz: {} programs, {} steps, {} with a failure that struck, corpus {}\n",
            report.executions, report.steps, report.failed_steps, report.corpus);
        if (failed_) return Exit::bad_input;
        // The path of what was found is the last line.
        if (!found_.empty()) {
            for (const FindReport& find : report.finds) {
                say(text_, "{:>10}  {}  {}\n{}\n", find.count, find.bucket, find.replay, find.file);
            }
            return Exit::found;
        }
        if (command_.cases) {
            for (const auto& [name, count] : report.cases) say(text_, "{:>14}  {}\n", count, name);
        }
        say(text_, "cases: {} happened, {} that must happen did not{}\n", report.cases.size(),
            report.required_missing.size(), report.required_missing.empty() ? "" : ":");
        for (const std::string& name : report.required_missing) say(text_, "    {}\n", name);
        const bool enough = report.steps >= steps_that_count || command_.require;
        const bool vacuous = enough && !report.required_missing.empty();
        say(text_, "nothing found in {:.1f} s ({:.1f} s of CPU time){}\n", report.wall_seconds,
            report.cpu_seconds, vacuous ? ", but too little tested" : "");
        return vacuous ? Exit::vacuous : Exit::clean;
    }

    [[nodiscard]] FuzzReport make_report() const {
        FuzzReport report;
        const SoakTotals sum = totals();
        report.version = version;
        report.target = command_.target.name;
        report.bug = command_.target.bug;
        report.profile = command_.profile;
        report.seed = job_.seed;
        report.jobs = command_.jobs;
        report.executions = sum.programs;
        report.steps = sum.steps;
        report.failed_steps = sum.failed_steps;
        report.corpus = files_in(job_.corpus);
        report.cpu_seconds = cpu_seconds();
        report.wall_seconds = seconds_since(start_);
        for (CaseId id = 0; id < case_count; ++id) {
            if (sum.cases[id] > 0) report.cases.emplace_back(case_name(id), sum.cases[id]);
        }
        for (const CaseId id : required()) {
            if (sum.cases[id] == 0) report.required_missing.push_back(case_name(id));
        }
        for (const std::string& name : found_) {
            const StoredBucket* const bucket = store_.find(name);
            if (bucket == nullptr) continue;
            report.finds.push_back(
                {name, bucket->verdict, bucket->file, bucket->steps, bucket->pages,
                 replay_command(find_job_.environment, bucket->file), bucket->count});
        }
        return report;
    }

    static constexpr std::chrono::seconds last_words_patience{5};

    const FuzzCommand& command_;
    EngineJob job_;
    std::FILE* text_;
    BucketStore store_;
    Clock::time_point start_;
    FindJob find_job_;
    std::vector<const Profile*> profiles_;
    std::deque<Engine> engines_;  // They do not move.
    Progress progress_;
    std::map<std::string, std::uint64_t> counts_before_;
    std::map<std::string, std::uint64_t> uncounted_;  // By engines; of this run.
    std::set<std::string> found_;                     // Buckets met in this run.
    std::size_t outside_count_ = 0;                   // Crashes and hangs.
    int useless_ends_ = 0;
    bool failed_ = false;
};

// The folder of the corpus; made if it is missing.
bool check_corpus(const std::string& path) {
    return check_output_directory(path);
}

}  // namespace

Exit run(const FuzzCommand& command) {
    if (const auto exit = prepare(command.target)) return *exit;
    EngineJob job;
    job.target = command.target;
    if (command.profile != "all") {
        job.profile = find_profile(command.profile);
        if (job.profile == nullptr) {
            complain_about_profile(command.profile, "all");
            return Exit::bad_input;
        }
    }
    const std::optional<std::string> engine = find_engine();
    if (!engine) {
        complain("there is no vmacheck-fuzz beside this command: it needs clang with libFuzzer");
        return Exit::untestable;
    }
    job.program = *engine;
    job.corpus = command.corpus;
    job.directory = command.out;
    job.once = command.once;
    job.raw = command.raw;
    job.seed = command.seed ? *command.seed : std::random_device{}();
    if (!check_corpus(command.corpus) || !check_output_directory(command.out))
        return Exit::bad_input;
    if (!command.json.empty() && !check_output(command.json)) return Exit::bad_input;
    for (const int number : {SIGINT, SIGTERM}) {
        std::signal(number, [](int) { interrupted = true; });
    }
    return Fuzz(command, std::move(job)).run();
}

}  // namespace vmacheck::cli
