// Laws about the generator: programs are functions of choices, and any choices make a program.
#include <string>
#include <variant>
#include <vector>

#include "model/check_macro.h"
#include "properties/draw.h"
#include "properties/law_functions.h"

namespace vmacheck::laws {
namespace {

// A swarm takes no more bytes; what is left goes into steps.
constexpr std::size_t swarm_bytes = 48;

// A choice that was asked for, and what was answered.
struct Choice {
    std::uint64_t count;
    std::uint64_t value;
};

// Draws from another source and keeps what it draws. More choices than any program needs are a
// failure of the law that it is used in.
class Recorder final : public Source {
  public:
    explicit Recorder(Source& from) : from_(from) {}
    [[nodiscard]] std::uint64_t below(std::uint64_t count) override {
        constexpr std::size_t choices_per_step_max = 64;
        RC_ASSERT(choices_.size() < choices_per_step_max * (steps_per_program_max + 4));
        choices_.push_back({count, from_.below(count)});
        return choices_.back().value;
    }
    [[nodiscard]] const std::vector<Choice>& choices() const { return choices_; }

  private:
    Source& from_;
    std::vector<Choice> choices_;
};

// Gives the same choices again, and sees that the same are asked for.
class Replayer final : public Source {
  public:
    explicit Replayer(const std::vector<Choice>& choices) : choices_(choices) {}
    [[nodiscard]] std::uint64_t below(std::uint64_t count) override {
        RC_ASSERT(at_ < choices_.size());
        RC_ASSERT(choices_[at_].count == count);
        return choices_[at_++].value;
    }
    [[nodiscard]] bool exhausted() const { return at_ == choices_.size(); }

  private:
    const std::vector<Choice>& choices_;
    std::size_t at_ = 0;
};

}  // namespace

void same_choices_same_program(LawCase& law) {
    RcSource source;
    Recorder recorder(source);
    const Candidate candidate = law.subject().generate(recorder, law.setting());
    law.is_about(candidate);
    Replayer replayer(recorder.choices());
    RC_ASSERT(law.subject().generate(replayer, law.setting()) == candidate);
    RC_ASSERT(replayer.exhausted());
    law.count_steps(candidate.steps.size());
    law.count_interesting(candidate.steps.size() >= 2 ? 1 : 0);
}

void program_of_a_seed_is_pure(LawCase& law) {
    RcSource choices;
    const std::uint64_t seed = choices.below(std::uint64_t{1} << 32);
    const std::uint64_t number = choices.below(std::uint64_t{1} << 20);
    const auto program = [&](std::uint64_t of_seed, std::uint64_t stream) {
        RandomSource source(of_seed, stream);
        return law.subject().generate(source, law.setting());
    };
    const Candidate candidate = program(seed, number);
    law.is_about(candidate);
    const Candidate next = program(seed, number + 1);
    const Candidate other = program(seed + 1, number);
    RC_ASSERT(program(seed, number) == candidate);
    law.count_steps(candidate.steps.size());
    if (candidate.steps.size() < 2) return;
    RC_ASSERT(!(next == candidate));
    RC_ASSERT(!(other == candidate));
    law.count_interesting(1);
}

void any_bytes_are_a_program(LawCase& law) {
    const std::vector<std::uint8_t> bytes = *draw_bytes();
    BytesSource source(bytes.data(), bytes.size());
    Recorder bounded(source);
    const Candidate candidate = law.subject().generate(bounded, law.setting());
    law.is_about(candidate);
    RC_ASSERT(candidate.steps.size() <= steps_per_program_max);
    // What can be printed and read again is well-formed.
    const Program program = program_of(candidate.world, candidate.steps);
    const auto read = law.subject().parse(law.subject().print(program));
    RC_ASSERT(std::holds_alternative<Program>(read));
    RC_ASSERT(std::get<Program>(read) == program);
    law.count_steps(candidate.steps.size());
    const bool is_drawn = !candidate.steps.empty() && bytes.size() >= swarm_bytes;
    law.count_interesting(is_drawn ? 1 : 0);
}

}  // namespace vmacheck::laws
