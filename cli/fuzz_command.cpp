// `vmacheck fuzz`: engines on one corpus, and what they find into buckets, until the time is over
// or somebody presses Ctrl-C.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <deque>
#include <filesystem>
#include <random>

#include "cli/clocks.h"
#include "cli/commands.h"
#include "cli/engine.h"
#include "cli/files.h"
#include "cli/profile_choice.h"
#include "cli/required.h"
#include "cli/say.h"
#include "cli/triage.h"
#include "model/text.h"
#include "report/text_report.h"
#include "report/wrap.h"

namespace vmacheck::cli {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

// An engine that cannot even start would be started for ever: so often in a row.
constexpr int useless_ends_max = 3;
// Counts are written now and then, too, so that a run that is killed has counted.
constexpr std::chrono::seconds save_interval{5};
// At the end of the time an engine says its last words, and what was found is minimized so long.
constexpr std::chrono::seconds last_words_patience{5};
constexpr std::chrono::seconds last_find_patience{60};

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

// Empty if there is no such file.
std::string content_of(const std::string& path) {
    std::error_code error;
    if (!fs::is_regular_file(path, error)) return "";
    return read_input(path).value_or("");
}

// What a process said last, or the line before that tells most.
std::string last_line(const std::string& words) {
    const std::string telling = telling_line(words);
    const std::size_t end = words.find_last_not_of('\n');
    if (end == std::string::npos) return "nothing";
    const std::size_t begin = words.rfind('\n', end);
    const std::string last = words.substr(begin + 1, end - begin);
    return printable(words.starts_with(telling) ? last : telling);
}

class Fuzz {
  public:
    Fuzz(const FuzzCommand& command, EngineJob job)
        : command_(command),
          job_(std::move(job)),
          text_(text_file(command.json)),
          start_(Clock::now()),
          triage_({command.target, environment_of(command.target), command.out, text_,
                   [this] { return interrupted || left() < -last_find_patience; }},
                  progress_, [this] { return counts_of_engines(); }) {
        if (job_.profile != nullptr)
            profiles_ = {job_.profile};
        else
            profiles_.assign(all_profiles.begin(), all_profiles.end());
        find_required();
    }

    Exit run() {
        if (!triage_.open()) return Exit::bad_input;
        say(text_, "fuzz: seed {}, profile {}, target {}, corpus {} ({} inputs), finds {}\n",
            job_.seed, profile_name(), command_.target.name, printable(job_.corpus),
            files_in(job_.corpus), printable(command_.out));
        std::fflush(text_);
        triage_.examine_originals(BucketStore::Originals::all);
        work();
        // What an engine saved and did not come to tell.
        triage_.examine_originals(BucketStore::Originals::all);
        return conclude();
    }

  private:
    [[nodiscard]] std::string_view profile_name() const {
        return job_.profile == nullptr ? "all" : job_.profile->name;
    }

    [[nodiscard]] Clock::duration left() const {
        if (!command_.time) return std::chrono::hours(24 * 365);
        return start_ + *command_.time - Clock::now();
    }
    [[nodiscard]] bool over() const {
        return failed_ || interrupted || left() <= Clock::duration::zero() ||
               (command_.once && triage_.found_any());
    }

    void work() {
        for (unsigned index = 0; index < command_.jobs; ++index) engines_.emplace_back(job_, index);
        if (over()) return;
        for (Engine& engine : engines_) engine.start(left());
        Clock::time_point next_save = Clock::now() + save_interval;
        for (bool running = true; running; Progress::pause()) {
            running = false;
            for (Engine& engine : engines_) running = attend(engine) || running;
            progress_.show([this] { return progress_text(); });
            if (Clock::now() >= next_save) {
                triage_.save();
                next_save = Clock::now() + save_interval;
            }
            if (!over()) continue;
            const bool time_over = !failed_ && !interrupted && left() <= Clock::duration::zero();
            if (time_over && left() > -last_words_patience) continue;
            for (Engine& engine : engines_) take_in(engine, engine.stop());
        }
        progress_.clear();
    }

    // Answers whether the engine runs.
    bool attend(Engine& engine) {
        if (!engine.runs()) return false;
        const bool ended = engine.poll();
        const bool killed_by_program = take_in(engine, ended);
        if (!ended) return true;
        if (over()) return false;
        const bool useless = engine.was_useless() && !killed_by_program;
        useless_ends_ = useless ? useless_ends_ + 1 : 0;
        if (useless_ends_ >= useless_ends_max) {
            complain(fmt::format("the engine ends as soon as it begins; it said: {}",
                                 last_line(engine.last_words())));
            failed_ = true;
            return false;
        }
        engine.start(left());
        return true;
    }

    // What an engine has said, and what it died of. Answers whether that was a program which the
    // next engine will not begin with.
    bool take_in(Engine& engine, bool ended) {
        for (const FindMessage& find : engine.take_finds()) examine_message(find);
        return ended && !engine.ended_well() && examine_end(engine);
    }

    // A program that an engine saved, or said if it could not save it.
    void examine_message(const FindMessage& find) {
        const auto parsed = parse_program(find.text);
        if (const auto* const program = std::get_if<Program>(&parsed)) {
            triage_.examine(candidate_of(*program), find.path, 0);
            return;
        }
        progress_.clear();
        say(stderr, "{}", find.text);
        complain("an engine found the program above, which cannot be read");
    }

    // The journal has the last input, even if the disk was full; it comes first.
    bool examine_end(const Engine& engine) {
        if (engine.last_input()) {
            const JournalledInput& input = *engine.last_input();
            const Candidate candidate = program_under_way(input, job_.profile);
            const std::string artifact = engine.artifact();
            const std::string left = content_of(artifact);
            // If a step of it was failed, the input may well pass by itself.
            const bool was_failed = input.failed_point != 0;
            const bool is_saved = left == input.bytes && !was_failed;
            if (triage_.sort_in(candidate, is_saved ? artifact : "", 1)) {
                // Of an input that says less, or for which the disk had no room.
                if (!is_saved && input.bytes.starts_with(left)) unlink(artifact.c_str());
                // An input that was only interrupted ends nothing.
                return interrupted || move_out_of_corpus(job_.corpus, input.bytes);
            }
        }
        // It was killed from outside, or ran out of memory over the inputs before.
        if (triage_.examine_originals(BucketStore::Originals::of_deaths) == 0 && !interrupted)
            complain(fmt::format("an engine died, and its last program does not fail; it said: {}",
                                 last_line(engine.last_words())));
        return false;
    }

    [[nodiscard]] BucketCounts counts_of_engines() const {
        BucketCounts counts;
        for (const Engine& engine : engines_) {
            for (const auto& [name, count] : engine.buckets()) counts[name] += count;
        }
        return counts;
    }

    [[nodiscard]] SoakTotals totals() const {
        SoakTotals totals;
        for (const Engine& engine : engines_) totals.add(engine.totals());
        return totals;
    }

    // Under some profile of this run.
    void find_required() {
        const auto target = make_target(command_.target);
        for (CaseId id = 0; id < case_count; ++id) {
            const bool wanted = std::any_of(profiles_.begin(), profiles_.end(), [&](const auto* p) {
                return case_required(id, {job_.seed, &full_alphabet(), p, world_pages_default},
                                     target->sight(), steps_for_most_cases);
            });
            if (wanted) required_.push_back(id);
        }
    }

    [[nodiscard]] std::string progress_text() const {
        const SoakTotals sum = totals();
        const double spent = seconds_since(start_);
        std::uint64_t reached = 0;
        for (const CaseId id : required_) reached += sum.cases[id] > 0 ? 1U : 0U;
        std::string text = fmt::format("fuzz {}: {:.0f} s", profile_name(), spent);
        if (command_.time)
            text +=
                fmt::format(" of {:.0f} s", std::chrono::duration<double>(*command_.time).count());
        const auto steps = static_cast<double>(sum.steps);
        return text + fmt::format(
                          ", {:.1f} million steps, {:.2f} million a second, {} of {} cases, "
                          "corpus {}, buckets {}",
                          steps / 1e6, steps / spent / 1e6, reached, required_.size(),
                          files_in(job_.corpus), triage_.bucket_count());
    }

    Exit conclude() {
        failed_ = !triage_.save() || failed_;
        const FuzzReport report = make_report();
        if (!command_.json.empty())
            failed_ = !write_output(command_.json, to_json(report) + "\n") || failed_;
        say(text_, "fuzz: {} programs, {} steps, {} with a failure that struck, corpus {}\n",
            report.executions, report.steps, report.failed_steps, report.corpus);
        const std::string beside = folder_beside_corpus(job_.corpus);
        if (const std::uint64_t count = files_in(beside); count > 0)
            say(text_, "{} inputs that end an engine were moved out of the corpus into {}\n", count,
                printable(beside));
        const std::size_t originals = triage_.original_count();
        if (originals > 0)
            say(text_, "{} programs in {} are in no bucket yet; the next run looks into them\n",
                originals, printable(command_.out));
        // The path of what was found is the last line.
        for (const FindReport& find : report.finds) {
            say(text_, "{:>10}  {}  {}\n{}\n", find.count, find.bucket, find.replay,
                find.file.empty() ? "(not in a file: it could not be saved, or is gone)"
                                  : find.file);
        }
        // What was not looked into is said to fail.
        if (!report.finds.empty() || originals > 0) return Exit::found;
        if (failed_) return Exit::bad_input;
        if (command_.cases) {
            for (const auto& [name, count] : report.cases) say(text_, "{:>14}  {}\n", count, name);
        }
        say(text_, "cases: {} happened, {} that must happen did not{}\n", report.cases.size(),
            report.required_missing.size(), report.required_missing.empty() ? "" : ":");
        for (const std::string& name : report.required_missing) say(text_, "    {}\n", name);
        const bool enough = report.steps >= fuzz_steps_that_count || command_.require;
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
        report.profile = profile_name();
        report.seed = job_.seed;
        report.jobs = command_.jobs;
        report.executions = sum.programs;
        report.steps = sum.steps;
        report.failed_steps = sum.failed_steps;
        report.corpus = files_in(job_.corpus);
        report.cpu_seconds = cpu_seconds();
        report.wall_seconds = seconds_since(start_);
        report.cases = happened_cases(sum);
        for (const CaseId id : required_) {
            if (sum.cases[id] == 0) report.required_missing.push_back(case_name(id));
        }
        report.finds = triage_.finds();
        return report;
    }

    const FuzzCommand& command_;
    EngineJob job_;
    std::FILE* text_;
    Clock::time_point start_;
    Progress progress_;
    Triage triage_;
    std::vector<const Profile*> profiles_;
    std::deque<Engine> engines_;  // They do not move.
    std::vector<CaseId> required_;
    int useless_ends_ = 0;
    bool failed_ = false;
};

}  // namespace

Exit run(const FuzzCommand& command) {
    if (const auto exit = prepare(command.target)) return *exit;
    if (!takes_engine(command.target)) {
        complain(fmt::format("an engine cannot have target `{}` in its process; try run",
                             printable(command.target.name)));
        return Exit::untestable;
    }
    EngineJob job;
    job.target = command.target;
    if (command.profile != "all") {
        job.profile = choose_profile(command.profile, "all");
        if (job.profile == nullptr) return Exit::bad_input;
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
    job.systematic = command.systematic;
    job.seed = command.seed ? *command.seed : std::random_device{}();
    if (!check_output_directory(command.corpus) || !check_output_directory(command.out))
        return Exit::bad_input;
    if (!command.json.empty() && !check_output(command.json)) return Exit::bad_input;
    // The first one ends the run in order, the second at once.
    struct sigaction action {};
    action.sa_handler = [](int) { interrupted = true; };
    action.sa_flags = static_cast<int>(SA_RESETHAND);
    for (const int number : {SIGINT, SIGTERM}) sigaction(number, &action, nullptr);
    return Fuzz(command, std::move(job)).run();
}

}  // namespace vmacheck::cli
