// `vmacheck run`: the laws for a small part of the time, then the soak, for one profile or for all
// of them in turn. The first thing found ends it.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <random>

#include "cli/clocks.h"
#include "cli/commands.h"
#include "cli/files.h"
#include "cli/find.h"
#include "cli/law_runner.h"
#include "cli/profile_choice.h"
#include "cli/required.h"
#include "cli/say.h"
#include "cli/workers.h"
#include "model/text.h"
#include "report/unwind_matrix.h"
#include "report/wrap.h"

namespace vmacheck::cli {
namespace {

using Clock = std::chrono::steady_clock;

// Cases of each law for each second of --time: all laws together then take a thirtieth of the time
// on a fast machine (a thousand cases take 100 ms) and a tenth on a slow one. A number of cases,
// not of seconds, so that the clock does not decide which law finds a mistake.
constexpr double law_cases_per_second = 20;
// The laws together may take this much of the time, where all is slow: under a sanitizer, say.
constexpr double law_guard_share = 0.5;

// Everything that the run is made of, with its names resolved.
struct Plan {
    const RunCommand& command;
    std::vector<const Profile*> profiles;
    const Alphabet* alphabet = nullptr;
    std::vector<const Law*> laws;
    bool soaks = true;
    std::uint64_t seed = 0;
    std::string profile_name = "all";
};

bool resolve_laws(const std::string& property, bool counted, Plan& plan) {
    if (property == "none") return true;
    if (property == "all") {
        for (const Law& law : all_laws()) plan.laws.push_back(&law);
        if (counted) plan.laws.clear();
        return true;
    }
    const Law* const law = find_law(property);
    if (law == nullptr) {
        complain(fmt::format("there is no property `{}`; `--property list` names those there are",
                             printable(property)));
        return false;
    }
    plan.laws = {law};
    plan.soaks = false;
    return true;
}

// Leaves out the profiles that say nothing about this target. False if none is left.
bool drop_refused_profiles(const TargetChoice& target, Plan& plan) {
    std::vector<const Profile*> kept;
    for (const Profile* const profile : plan.profiles) {
        const std::string reason = refusal_of(target, *profile);
        if (reason.empty())
            kept.push_back(profile);
        else
            complain(fmt::format("target `{}` is not tested: {}", target.name, reason));
    }
    plan.profiles = std::move(kept);
    return !plan.profiles.empty();
}

// Leaves out the laws where the target does not take them. False if nothing is left.
bool drop_refused_laws(const TargetChoice& target, Plan& plan) {
    if (plan.laws.empty() || takes_laws(target)) return true;
    complain(
        fmt::format("the laws are left out: they use several targets at a time, and there is "
                    "one `{}`",
                    target.name));
    plan.laws.clear();
    return plan.soaks;
}

bool resolve(const RunCommand& command, Plan& plan) {
    if (command.profile == "all") {
        plan.profiles.assign(all_profiles.begin(), all_profiles.end());
    } else {
        const Profile* const profile = choose_profile(command.profile, "all");
        if (profile == nullptr) return false;
        plan.profiles = {profile};
        plan.profile_name = profile->name;
    }
    if (command.strict) {
        for (const Profile*& profile : plan.profiles) profile = &without_defects(*profile);
        if (plan.profiles.size() == 1) plan.profile_name = plan.profiles.front()->name;
    }
    plan.alphabet = find_alphabet(command.alphabet);
    if (plan.alphabet == nullptr) {
        complain(fmt::format("there is no alphabet `{}`; expected core, full",
                             printable(command.alphabet)));
        return false;
    }
    if (!resolve_laws(command.property, command.programs.has_value(), plan)) return false;
    if (command.seed) {
        plan.seed = *command.seed;
    } else {
        // Short enough to be typed again.
        plan.seed = std::random_device{}();
    }
    return check_output_directory(command.out) &&
           (command.json.empty() || check_output(command.json));
}

class Run {
  public:
    explicit Run(const Plan& plan)
        : plan_(plan),
          command_(plan.command),
          text_(text_file(command_.json)),
          start_(Clock::now()) {
        report_.version = std::string(version);
        report_.target = command_.target.name;
        report_.bug = command_.target.bug;
        report_.profile = plan_.profile_name;
        report_.alphabet = command_.alphabet;
        report_.pages = command_.pages.value;
        report_.seed = plan.seed;
    }

    Exit run() {
        say(text_, "seed {}, profile {}, target {}, alphabet {}{}\n", plan_.seed,
            plan_.profile_name, command_.target.name, command_.alphabet,
            command_.target.bug.empty() ? "" : ", bug " + command_.target.bug);
        std::fflush(text_);
        note_leftovers();
        for (const Profile* profile : plan_.profiles) {
            if (!failed_ && report_.finds.empty()) run(*profile);
        }
        report_.cpu_seconds = cpu_seconds();
        report_.wall_seconds = seconds_since(start_);
        const Exit exit = conclude();
        if (!command_.json.empty() && !write_output(command_.json, to_json(report_) + "\n")) {
            return Exit::bad_input;
        }
        return exit;
    }

  private:
    using Seconds = std::chrono::duration<double>;

    void run(const Profile& profile) {
        const Seconds time =
            command_.time.value_or(run_time_default) / static_cast<double>(plan_.profiles.size());
        const auto deadline = Clock::now() + std::chrono::duration_cast<Clock::duration>(time);
        Environment environment = environment_of(command_.target);
        environment.alphabet = command_.alphabet;
        environment.seed = plan_.seed;
        FindJob job{command_.target, environment, command_.out, text_};
        if (!check_laws(profile, time, job)) return;
        if (plan_.soaks) soak_profile(profile, deadline, job);
    }

    // How much of --programs falls on one profile.
    [[nodiscard]] std::optional<std::uint64_t> programs_share() const {
        if (!command_.programs) return std::nullopt;
        const std::uint64_t share = plan_.profiles.size();
        return (*command_.programs + share - 1) / share;
    }

    [[nodiscard]] LawJob law_job(const Profile& profile, Seconds time) const {
        LawJob job;
        job.laws = plan_.laws;
        job.target = command_.target;
        job.directory = command_.out;
        job.options.seed = plan_.seed;
        job.options.setting.profile = &profile;
        job.options.setting.alphabet = plan_.alphabet;
        job.options.setting.pages = command_.pages;
        const auto law_count = static_cast<double>(plan_.laws.size());
        if (const auto programs = programs_share()) {
            job.cases = *programs;
        } else if (plan_.soaks) {
            job.cases = 1 + static_cast<std::uint64_t>(time.count() * law_cases_per_second);
            job.seconds_max = time.count() * law_guard_share / law_count;
        } else {
            job.seconds_max = time.count() / law_count;
        }
        return job;
    }

    // False if there is nothing more to do.
    bool check_laws(const Profile& profile, Seconds time, const FindJob& job) {
        if (plan_.laws.empty()) return true;
        const LawJob laws = law_job(profile, time);
        LawRunOutcome outcome = run_laws(laws, progress_);
        std::uint64_t cases = 0;
        for (LawReport& law : outcome.reports) {
            cases += law.cases;
            report_.laws.push_back(std::move(law));
        }
        if (!plan_.soaks) {
            totals_.programs += cases;
            totals_.steps += outcome.steps;
        }
        for (const std::string& law : outcome.late) {
            complain(fmt::format("law {} came to the end of its time before that of its {} cases",
                                 law, laws.cases));
        }
        // How often an interesting case has to come is said for the full alphabet and for worlds
        // that have room for it.
        for (const std::string& law : outcome.vacuous) {
            if (plan_.alphabet == &full_alphabet() && command_.pages >= pages_that_count)
                vacuous_.push_back("law " + law);
        }
        failed_ = outcome.failed;
        if (outcome.failure) keep(*outcome.failure, laws, job);
        if (failed_ || outcome.failure) return false;
        say(text_, "laws: {} held in {} cases, {} steps ({})\n", plan_.laws.size(), cases,
            outcome.steps, profile.name);
        return true;
    }

    // The command that tries the law on the same cases.
    [[nodiscard]] std::string again_command(const LawFailure& failure, const LawJob& laws) const {
        std::string text = fmt::format("vmacheck run --property {} --seed {} --profile {}",
                                       failure.law, plan_.seed, laws.options.setting.profile->name);
        if (laws.cases > 0) text += fmt::format(" --programs {}", laws.cases);
        if (command_.pages != world_pages_default)
            text += fmt::format(" --pages {}", command_.pages.value);
        if (plan_.alphabet != &full_alphabet()) text += " --alphabet " + command_.alphabet;
        if (!command_.target.bug.empty()) text += " --bug " + command_.target.bug;
        return text;
    }

    // What the oracle sees as well is a find like any other; else the law itself is the report.
    void keep(const LawFailure& failure, const LawJob& laws, const FindJob& job) {
        say(text_, "{}\n", failure.description);
        FindReport find{"law " + failure.law, "broken_law", "", 0, 0, again_command(failure, laws)};
        if (failure.candidate) {
            const Program program = program_of(failure.candidate->world, failure.candidate->steps);
            const RunRecord record = run_isolated(program, command_.target, {});
            if (record.finding) {
                report_.finds.push_back(
                    handle_find(job, *failure.candidate, *record.finding, progress_));
                return;
            }
            const std::string text = print_program(program);
            find.file = fmt::format("{}/law-{}-{}.vma", command_.out, file_name_of(failure.law),
                                    hash_of(text));
            find.steps = failure.candidate->steps.size();
            find.pages = failure.candidate->world.pages.value;
            if (!write_output(find.file, text)) say(stderr, "{}", text);
            say(text_, "again: {}\n{}\n", find.replay, find.file);
        }
        report_.finds.push_back(find);
    }

    void soak_profile(const Profile& profile, Clock::time_point deadline, FindJob job) {
        SoakJob soak_job;
        soak_job.options = {plan_.seed, plan_.alphabet, &profile, command_.pages};
        soak_job.target = command_.target;
        soak_job.workers = command_.jobs;
        soak_job.directory = command_.out;
        soak_job.deadline = deadline;
        soak_job.programs = programs_share();
        const SoakOutcome outcome = soak(soak_job, progress_);
        failed_ = outcome.failed;
        totals_.add(outcome.totals);
        if (failed_) return;
        if (outcome.find) {
            job.environment.program = outcome.find->program;
            report_.finds.push_back(
                handle_find(job, outcome.find->candidate, outcome.find->finding, progress_));
            const bool saved = access(report_.finds.back().file.c_str(), F_OK) == 0;
            if (saved && !outcome.journal.empty()) unlink(outcome.journal.c_str());
            return;
        }
        say(text_, "soak: {} programs, {} steps, {} with a failure that struck ({})\n",
            outcome.totals.programs, outcome.totals.steps, outcome.totals.failed_steps,
            profile.name);
        if (outcome.totals.refused > 0) {
            complain(fmt::format("target `{}` refused {} of these programs: {}",
                                 command_.target.name, outcome.totals.refused, outcome.refusal));
        }
        const bool enough =
            outcome.totals.steps >= steps_for_most_cases && command_.pages >= pages_that_count;
        const auto target = make_target(command_.target);
        for (std::string& name : missing_cases(outcome.totals, soak_job.options, target->sight())) {
            if (enough || command_.require) vacuous_.push_back(name);
            report_.required_missing.push_back(std::move(name));
        }
    }

    // A journal without a run is a counterexample that nobody has looked at.
    void note_leftovers() const {
        for (const std::string& path : leftover_journals(command_.out)) {
            complain(
                fmt::format("{} is the journal of another run: if that was killed, `vmacheck "
                            "minimize {}` looks into it",
                            path, path));
        }
    }

    Exit conclude() {
        report_.cases = happened_cases(totals_);
        report_.programs = totals_.programs;
        report_.refused = totals_.refused;
        report_.steps = totals_.steps;
        report_.failed_steps = totals_.failed_steps;
        if (failed_) return Exit::bad_input;
        // The path of what was found is the last line.
        if (!report_.finds.empty()) return Exit::found;
        if (totals_.refused > 0 && totals_.steps == 0) return Exit::untestable;
        if (command_.cases) {
            for (const auto& [name, count] : report_.cases) say(text_, "{:>14}  {}\n", count, name);
            if (totals_.failed_steps > 0) {
                say(text_, "failures that struck, by operation and stage:\n{}",
                    unwind_matrix(totals_.cases, plan_.profiles));
            }
        }
        if (plan_.soaks) {
            say(text_, "cases: {} happened, {} that must happen did not{}\n", report_.cases.size(),
                report_.required_missing.size(), report_.required_missing.empty() ? "" : ":");
        }
        for (const std::string& name : report_.required_missing) say(text_, "    {}\n", name);
        if (!vacuous_.empty()) {
            say(text_, "nothing found, but too little tested:\n");
            for (const std::string& name : vacuous_) say(text_, "    {}\n", name);
        } else {
            say(text_, "nothing found in {:.1f} s ({:.1f} s of CPU time)\n", report_.wall_seconds,
                report_.cpu_seconds);
        }
        return vacuous_.empty() ? Exit::clean : Exit::vacuous;
    }

    const Plan& plan_;
    const RunCommand& command_;
    std::FILE* text_;
    Clock::time_point start_;
    Progress progress_;
    SoakTotals totals_;
    std::vector<std::string> vacuous_;
    RunReport report_;
    bool failed_ = false;
};

}  // namespace

Exit run(const RunCommand& command) {
    if (command.property == "list") {
        for (const Law& law : all_laws()) say(stdout, "{:<44} {}\n", law.name, law.says);
        return Exit::clean;
    }
    if (const auto exit = prepare(command.target)) return *exit;
    Plan plan{command, {}, nullptr, {}, true, 0, "all"};
    if (!resolve(command, plan)) return Exit::bad_input;
    const bool testable =
        drop_refused_profiles(command.target, plan) && drop_refused_laws(command.target, plan);
    if (!testable) return Exit::untestable;
    return Run(plan).run();
}

}  // namespace vmacheck::cli
