// The child's loop over the lines of a program, and what the parent makes of its end; see the
// header.
#include "cli/isolate.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <regex>
#include <sstream>

#include "cli/wire.h"
#include "model/claims.h"
#include "model/text.h"
#include "report/picture.h"
#include "targets/memory_file.h"

namespace vmacheck::cli {
namespace {

using nlohmann::json;

constexpr std::size_t listed_areas_max = 32;
constexpr std::size_t stderr_bytes_max = std::size_t{1} << 16;

// One run, inside the child.
class Recorder {
  public:
    Recorder(const Program& program, Target& target, const IsolateOptions& options, Watch& watch,
             int pipe)
        : program_(program),
          options_(options),
          watch_(watch),
          pipe_(pipe),
          lockstep_(target),
          claims_apply_(options.check_claims) {}

    void run() {
        lockstep_.begin(program_.world, Cells(program_.world, program_.steps()));
        for (std::size_t at = 0; at < program_.lines.size(); ++at) {
            const auto& content = program_.lines[at].content;
            if (const auto* const line = std::get_if<StepLine>(&content)) {
                if (found_in(*line, at)) return;
            } else {
                check(std::get<AreasLine>(content), at);
            }
            if (!lockstep_.refusal().empty()) {
                send(pipe_, {{"refusal", lockstep_.refusal()}});
                return;
            }
        }
        beat();
        if (const auto finding = lockstep_.finish()) report(*finding);
    }

  private:
    void beat() {
        watch_.steps_begun.fetch_add(1, std::memory_order_relaxed);
        watch_.heartbeat.beats.fetch_add(1, std::memory_order_relaxed);
    }

    bool found_in(const StepLine& line, std::size_t at) {
        beat();
        const std::optional<Finding> finding = lockstep_.step(line.step);
        if (!lockstep_.refusal().empty()) return false;
        // A step that was not done is missing to the claims behind it.
        const Sight& sight = lockstep_.target().sight();
        if (lockstep_.declined() && sight.may_decline(line.step.op.index())) {
            claims_apply_ = false;
            send(pipe_, {{"declined", at}});
        }
        const Result expected = lockstep_.declined() ? lockstep_.found() : lockstep_.expected();
        if (options_.answers) {
            json said{{"answers", {to_wire(expected), to_wire(lockstep_.found())}}};
            if (options_.pictures) add_areas(said, line.step.space);
            send(pipe_, said);
        }
        if (finding) {
            report(*finding);
            return true;
        }
        if (claims_apply_ && line.claim && *line.claim != expected) {
            fail_claim(at, text_of(expected), text_of(*line.claim));
        }
        return false;
    }

    void add_areas(json& said, SpaceId space) const {
        if (!lockstep_.target().has_space(space)) return;
        const std::vector<AreaView>& areas = lockstep_.view(space).areas;
        said["areas"] = areas_text(areas, listed_areas_max);
        if (areas.size() <= listed_areas_max || program_.world.pages <= column_per_page_max)
            said["picture"] = picture_lines(program_.world, areas, {});
    }

    void check(const AreasLine& line, std::size_t at) {
        if (!claims_apply_ || !lockstep_.refusal().empty()) return;
        const std::vector<AreaView> areas = areas_of(lockstep_.reference(), line.space);
        if (claim_holds(line, areas, program_.world)) return;
        AreasLine held = claim_about(areas, line.space, program_.world);
        const bool counted = std::holds_alternative<std::uint64_t>(line.areas);
        if (counted || areas.size() > listed_areas_max) held.areas = std::uint64_t{areas.size()};
        fail_claim(at, "areas " + print_areas(held, program_.world),
                   "areas " + print_areas(line, program_.world));
    }

    void fail_claim(std::size_t at, const std::string& expected, const std::string& found) {
        if (claim_failed_) return;
        claim_failed_ = true;
        send(pipe_, {{"claim", at}, {"expected", expected}, {"found", found}});
    }

    void report(const Finding& finding) const {
        json said{{"finding", to_wire(finding)}};
        said["expected"] = to_wire(areas_of(lockstep_.reference(), finding.space));
        const bool shown = lockstep_.target().has_space(finding.space);
        said["found"] =
            to_wire(shown ? lockstep_.view(finding.space).areas : std::vector<AreaView>{});
        send(pipe_, said);
    }

    const Program& program_;
    const IsolateOptions& options_;
    Watch& watch_;
    int pipe_;
    Lockstep lockstep_;
    bool claims_apply_;
    bool claim_failed_ = false;
};

RunRecord record_of(std::string_view output) {
    RunRecord record;
    for (const json& said : received(output)) {
        if (said.contains("answers")) {
            StepRecord step;
            step.answers.expected = result_from_wire(said["answers"][0]);
            step.answers.found = result_from_wire(said["answers"][1]);
            step.areas = said.value("areas", "");
            step.picture = said.value("picture", std::vector<std::string>{});
            record.steps.push_back(std::move(step));
        } else if (said.contains("claim")) {
            record.claim =
                ClaimFailure{said["claim"].get<std::size_t>(), said["expected"].get<std::string>(),
                             said["found"].get<std::string>()};
        } else if (said.contains("declined")) {
            ++record.declined;
        } else if (said.contains("refusal")) {
            record.refusal = said["refusal"].get<std::string>();
        } else {
            record.finding = finding_from_wire(said["finding"]);
            record.expected = areas_from_wire(said["expected"]);
            record.found = areas_from_wire(said["found"]);
        }
    }
    return record;
}

// Only the reference can say what should have been.
void add_expectation(RunRecord& record, const Candidate& candidate) {
    Cases cases;
    Reference reference(cases);
    reference.create(candidate.world, Cells(candidate.world, candidate.steps));
    StepLog log;
    const std::size_t last = std::min(record.finding->step + 1, candidate.steps.size());
    for (std::size_t step = 0; step < last; ++step) {
        const Errno error = reference.apply(candidate.steps[step], log);
        if (step < record.steps.size()) continue;
        record.steps.push_back({{{error, log.unused()}, std::nullopt}, "", {}});
    }
    record.expected = areas_of(reference, record.finding->space);
}

}  // namespace

Candidate candidate_of(const Program& program) {
    return {program.world, program.steps()};
}

Counterexample counterexample_of(const Candidate& candidate, const RunRecord& record) {
    Counterexample example{candidate.world, candidate.steps, *record.finding,  {},
                           record.expected, record.found,    record.last_words};
    for (const StepRecord& step : record.steps) example.answers.push_back(step.answers);
    return example;
}

Finding outside_finding(Verdict verdict, const Candidate& candidate, std::uint64_t begun,
                        const ChildEnd& end) {
    Finding finding;
    finding.bucket.verdict = verdict;
    finding.step = begun == 0 ? 0 : begun - 1;
    if (verdict == Verdict::hang)
        finding.what = "The target did not come back.";
    else if (end.signal != 0)
        finding.what =
            fmt::format("The target died of signal {} ({}).", end.signal, sigabbrev_np(end.signal));
    else
        finding.what = "The target ended its process.";
    if (finding.step >= candidate.steps.size()) {
        finding.step = candidate.steps.size();
        return finding;
    }
    // The bucket is named for what the reference saw in this step.
    const Step& step = candidate.steps[finding.step];
    finding.bucket.op = step.op.index();
    finding.space = step.space;
    Cases cases;
    Reference reference(cases);
    reference.create(candidate.world, Cells(candidate.world, candidate.steps));
    StepLog log;
    for (std::size_t at = 0; at < finding.step; ++at) {
        static_cast<void>(reference.apply(candidate.steps[at], log));
    }
    finding.expected = {reference.apply(step, log), false};
    finding.expected.unused = log.unused();
    finding.bucket.case_id = cases.last();
    if (log.struck()) finding.bucket.stage = log.struck_at();
    return finding;
}

std::optional<Finding> run_watched(Lockstep& lockstep, const Candidate& candidate, Watch& watch) {
    lockstep.begin(candidate.world, Cells(candidate.world, candidate.steps));
    for (const Step& step : candidate.steps) {
        watch.heartbeat.beats.fetch_add(1, std::memory_order_relaxed);
        if (auto finding = lockstep.step(step)) return finding;
    }
    watch.heartbeat.beats.fetch_add(1, std::memory_order_relaxed);
    return lockstep.finish();
}

std::string text_of(Result result) {
    std::string text;
    print_result(text, result);
    return text;
}

std::string telling_line(const std::string& text) {
    std::istringstream lines(text);
    std::string first;
    std::string telling;
    for (std::string line; telling.empty() && std::getline(lines, line);) {
        for (const char* const sign : {"CHECK failed", "ERROR: ", "runtime error: "}) {
            if (line.find(sign) != std::string::npos) telling = line;
        }
        if (first.empty()) first = line;
    }
    static const std::regex passing("==[0-9]+==| at pc 0x[0-9a-f]+|( pc| bp| sp)? 0x[0-9a-f]+");
    return std::regex_replace(telling.empty() ? first : telling, passing, "");
}

namespace {

// Nothing if the child hung, and that has to be confirmed.
std::optional<RunRecord> run_once(const Program& program, const TargetChoice& choice,
                                  const IsolateOptions& options) {
    Shared<Watch> watch;
    const MemoryFile last_words;
    Child child(
        [&](int pipe) {
            const std::unique_ptr<Target> target = make_target(choice);
            Recorder(program, *target, options, *watch, pipe).run();
            return 0;
        },
        watch->heartbeat, {options.patience, last_words.file()});
    child.wait([&] {
        if (options.progress) options.progress(watch->steps_begun.load(std::memory_order_relaxed));
    });
    const std::string stderr_text = last_words.text(stderr_bytes_max);
    if (child.end().kind == ChildEnd::Kind::hung && options.confirm_hang) {
        return std::nullopt;
    }
    RunRecord record = record_of(child.output());
    if (child.end().kind == ChildEnd::Kind::finished || record.finding) return record;
    const bool hung = child.end().kind == ChildEnd::Kind::hung;
    const Candidate candidate = candidate_of(program);
    record.finding = outside_finding(hung ? Verdict::hang : Verdict::crash, candidate,
                                     watch->steps_begun.load(), child.end());
    record.last_words = telling_line(stderr_text);
    record.stderr_text = stderr_text;
    if (options.answers) add_expectation(record, candidate);
    return record;
}

}  // namespace

RunRecord run_isolated(const Program& program, const TargetChoice& choice,
                       const IsolateOptions& options) {
    const std::optional<RunRecord> record = run_once(program, choice, options);
    if (record) return *record;
    IsolateOptions patient = options;
    patient.patience *= confirmation_factor;
    patient.confirm_hang = false;
    return *run_once(program, choice, patient);
}

std::optional<Finding> finding_of(const Candidate& candidate, const TargetChoice& choice,
                                  bool confirm_hang) {
    IsolateOptions isolation;
    isolation.answers = false;
    isolation.confirm_hang = confirm_hang;
    return run_isolated(program_of(candidate.world, candidate.steps), choice, isolation).finding;
}

}  // namespace vmacheck::cli
