// The laws: what is true of every program, and of what is done with programs.
//
// A law is a property. RapidCheck draws its programs and every further choice (properties/draw.h),
// and shrinks what fails. Most laws are about a target; some are about texts, the generator and the
// minimizer. A law counts how often its interesting case occurred: a run in which that never
// happened has tested nothing, and fails. Laws are run by properties/run_law.h.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "model/binary.h"
#include "model/profile.h"
#include "model/target.h"
#include "model/text.h"
#include "search/generate.h"
#include "search/minimize.h"
#include "search/mutate.h"
#include "search/source.h"

namespace vmacheck {

using TargetFactory = std::function<std::unique_ptr<Target>()>;

// What programs a law is tried on.
struct LawSetting {
    const Profile* profile = &linux_6_18_profile;
    const Alphabet* alphabet = &full_alphabet();
    PageCount pages = world_pages_default;
    // Whole programs are moved by up to this many pages. Targets that hold a page in less than its
    // 52 bits are found out so; a target that has an array of pages wants less.
    std::uint64_t shift_max = std::uint64_t{1} << 44;
};

using Progress = std::function<void(const Candidate&, std::uint64_t tries)>;

// The program that `source` stands for, drawn as a soak run does it: with a look at the state.
Candidate generate_candidate(Source& source, const LawSetting& setting);

// model/binary.h, from and to values.
Candidate decode_candidate(const std::vector<std::uint8_t>& bytes, const Profile& profile);
std::vector<std::uint8_t> encode_candidate(const Candidate& candidate);

// What the laws are about. A test replaces one of them by a mistaken one, to see the law fail.
struct LawSubject {
    TargetFactory target;
    std::function<std::string(const Program&)> print = print_program;
    std::function<std::variant<Program, ParseError>(std::string_view)> parse = parse_program;
    std::function<Candidate(const std::vector<std::uint8_t>&, const Profile&)> decode =
        decode_candidate;
    std::function<std::vector<std::uint8_t>(const Candidate&)> encode = encode_candidate;
    std::function<std::optional<std::string>(const Candidate&)> misfit =
        [](const Candidate& candidate) { return binary_misfit(candidate.world, candidate.steps); };
    std::function<Candidate(Source&, const LawSetting&)> generate = generate_candidate;
    std::function<void(Mutator&, Candidate&, Source&)> mutate = &Mutator::mutate;
    std::function<void(Mutator&, Candidate&, const Candidate&, Source&)> cross_over =
        &Mutator::cross_over;
    std::function<Minimized(const Candidate&, const Finding&, const Predicate&, const Progress&)>
        minimize = [](const Candidate& candidate, const Finding& finding,
                      const Predicate& predicate, const Progress& progress) {
            return vmacheck::minimize(candidate, finding, predicate, {}, progress);
        };
};

// One case of a law: what it is tried on, and what it reports.
class LawCase {
  public:
    // `journal` may be empty; it gets each program before anything runs it.
    LawCase(const LawSubject& subject, const LawSetting& setting,
            const std::function<void(const Candidate&)>& journal)
        : subject_(subject), setting_(setting), journal_(journal) {}

    [[nodiscard]] const LawSubject& subject() const { return subject_; }
    [[nodiscard]] const LawSetting& setting() const { return setting_; }

    // Draws a program, and says that the law is about it.
    [[nodiscard]] Candidate draw();
    // The same in a world without a limit on its areas, where an operation does not depend on what
    // happens far away.
    [[nodiscard]] Candidate draw_without_limit();
    // What follows is about `candidate`: the counterexample, if it fails.
    void is_about(const Candidate& candidate);

    void count_steps(std::uint64_t count) { steps_ += count; }
    void count_interesting(std::uint64_t count) { interesting_ += count; }

    [[nodiscard]] std::uint64_t steps() const { return steps_; }
    [[nodiscard]] std::uint64_t interesting() const { return interesting_; }
    [[nodiscard]] const std::optional<Candidate>& candidate() const { return candidate_; }

  private:
    const LawSubject& subject_;
    const LawSetting& setting_;
    const std::function<void(const Candidate&)>& journal_;
    std::optional<Candidate> candidate_;
    std::uint64_t steps_ = 0;
    std::uint64_t interesting_ = 0;
};

struct Law {
    std::string_view name;
    std::string_view says;              // One sentence.
    std::string_view interesting;       // What is counted.
    std::uint64_t interesting_min = 1;  // In a hundred cases, on average.
    bool about_target = true;           // Else it is about texts, the generator or the minimizer.
    void (*function)(LawCase& law) = nullptr;
};

const std::vector<Law>& all_laws();
// Null if there is none of this name.
const Law* find_law(std::string_view name);

}  // namespace vmacheck
