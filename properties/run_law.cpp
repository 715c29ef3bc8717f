// RapidCheck around a law; see the header.
#include "properties/run_law.h"

#include <rapidcheck.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <sstream>
#include <unordered_map>

#include "model/text.h"

namespace vmacheck {
namespace {

using Clock = std::chrono::steady_clock;

class Listener final : public rc::detail::TestListener {
  public:
    // The names are RapidCheck's.
    void onTestCaseFinished(const rc::detail::CaseDescription& /*description*/) override {}
    void onShrinkTried(const rc::detail::CaseDescription& /*shrink*/, bool /*accepted*/) override {
        ++shrinks_tried;
    }
    void onTestFinished(const rc::detail::TestMetadata& /*metadata*/,
                        const rc::detail::TestResult& /*result*/) override {}

    std::uint64_t shrinks_tried = 0;
};

// Lives as long as RapidCheck calls the property, and sees every case and every shrink of one.
class Trial {
  public:
    Trial(const Law& law, const LawSubject& subject, const LawOptions& options)
        : law_(law), subject_(subject), options_(options), start_(Clock::now()) {}

    void run_case() {
        // Time decides how many cases there are, never how far a failure is shrunk.
        if (!failed_ && is_late()) return;
        LawCase one(subject_, options_.setting, options_.journal);
        try {
            law_.function(one);
        } catch (const rc::detail::CaseResult& thrown) {
            if (thrown.type == rc::detail::CaseResult::Type::Failure) note_failure(one);
            throw;
        } catch (const std::exception&) {
            note_failure(one);
            throw;
        }
        if (failed_) return;
        ++result.cases;
        result.steps += one.steps();
        result.interesting += one.interesting();
    }

    LawResult result;

  private:
    [[nodiscard]] bool is_late() const {
        if (options_.seconds_max <= 0) return false;
        const std::chrono::duration<double> spent = Clock::now() - start_;
        return spent.count() > options_.seconds_max;
    }

    // RapidCheck keeps a shrink exactly if it fails too, so the last failure is the smallest.
    void note_failure(const LawCase& one) {
        if (!failed_) {
            result.first_failure = one.candidate();
            if (options_.first_failure && one.candidate()) options_.first_failure(*one.candidate());
        }
        result.counterexample = one.candidate();
        failed_ = true;
    }

    const Law& law_;
    const LawSubject& subject_;
    const LawOptions& options_;
    Clock::time_point start_;
    bool failed_ = false;
};

void note_failure(const rc::detail::FailureResult& failure, LawResult& result) {
    result.outcome = LawOutcome::broken;
    result.message = failure.description;
    for (const auto& [type, value] : failure.counterExample) {
        result.example.append(type).append(": ").append(value).append("\n");
    }
    std::ostringstream out;
    out << failure.reproduce;
    result.reproduce = out.str();
}

}  // namespace

LawResult run_law(const Law& law, const LawSubject& subject, const LawOptions& options) {
    Trial trial(law, subject, options);
    Listener listener;
    rc::detail::TestParams params;
    params.seed = options.seed;
    params.maxSuccess = options.cases;
    params.maxSize = options.length_max;
    params.disableShrinking = !options.shrink;
    const rc::detail::TestMetadata metadata{std::string(law.name), std::string(law.says)};
    const std::unordered_map<std::string, rc::detail::Reproduce> reproduce_nothing;
    const rc::detail::TestResult found =
        rc::detail::checkProperty(rc::detail::toProperty([&trial] { trial.run_case(); }), metadata,
                                  params, listener, reproduce_nothing);

    LawResult result = std::move(trial.result);
    result.shrinks_tried = listener.shrinks_tried;
    result.interesting_required = required_interesting(law, result.cases);
    rc::detail::FailureResult failure;
    rc::detail::SuccessResult success;
    if (found.match(failure)) {
        note_failure(failure, result);
    } else if (!found.match(success)) {
        std::ostringstream out;
        rc::detail::printResultMessage(found, out);
        result.outcome = LawOutcome::broken;
        result.message = out.str();
    } else if (result.interesting >= result.interesting_required) {
        result.outcome = LawOutcome::held;
    }
    return result;
}

std::uint64_t required_interesting(const Law& law, std::uint64_t cases) {
    const double mean = static_cast<double>(cases * law.interesting_min) / 100;
    return static_cast<std::uint64_t>(std::max(1.0, mean - 3 * std::sqrt(mean)));
}

std::string describe(const Law& law, const LawResult& result) {
    std::ostringstream out;
    out << law_outcome_names[static_cast<std::size_t>(result.outcome)] << ": " << law.name << " ("
        << law.says << ")\n    " << result.cases << " cases, " << result.steps << " steps";
    if (result.outcome != LawOutcome::broken) {
        out << ", " << result.interesting << " " << law.interesting << " (at least "
            << result.interesting_required << " required)\n";
        return out.str();
    }
    out << "\n";
    out << result.message << "\n";
    if (!result.counterexample) return out.str();
    const Candidate& last = *result.counterexample;
    if (result.first_failure) {
        out << "shrunk from " << result.first_failure->steps.size() << " to " << last.steps.size()
            << " steps in " << result.shrinks_tried << " tries\n";
    }
    out << print_program(program_of(last.world, last.steps));
    return out.str();
}

}  // namespace vmacheck
