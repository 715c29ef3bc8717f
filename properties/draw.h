// Programs drawn by RapidCheck.
//
// There is one generator of programs (search/generate.h); here RapidCheck is its Source. Every
// single choice is a value of RapidCheck's own, never one seed for another generator. So RapidCheck
// shrinks a failing program itself: it removes steps from anywhere, and then makes one choice after
// the other simpler (0 is the simplest). Steps are drawn without a look at the state, between the
// hot pages of the swarm, so a step keeps its meaning when others go.
//
// The length of a program is RapidCheck's size: it grows from case to case up to `max_size`.
#pragma once

#include <rapidcheck.h>

#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

#include "properties/laws.h"
#include "search/generate.h"
#include "search/minimize.h"
#include "search/source.h"

namespace vmacheck {

// Each choice is one value of rc::gen::inRange, drawn from its whole range whatever the size is. To
// be used where RapidCheck draws: in a property, or in a function given to rc::gen::exec.
class RcSource final : public Source {
  public:
    [[nodiscard]] std::uint64_t below(std::uint64_t count) override;
};

rc::Gen<Swarm> draw_swarm(const LawSetting& setting);
rc::Gen<Step> draw_step(const LawSetting& setting, const Swarm& swarm);
// A swarm, then a vector of steps.
rc::Gen<Candidate> draw_candidate(const LawSetting& setting);

// The same with all that a text can say besides: initial areas, claims and comments.
rc::Gen<Program> draw_program(const LawSetting& setting);

rc::Gen<std::vector<std::uint8_t>> draw_bytes();

// Ends the case as RC_ASSERT does, with a message of its own and not the text of an expression.
[[noreturn]] void fail(const std::string& message);

// RapidCheck shows a counterexample as its text; the name of the function is its own.
// NOLINTBEGIN(readability-identifier-naming)
void showValue(const Candidate& candidate, std::ostream& out);
void showValue(const Program& program, std::ostream& out);
void showValue(const Step& step, std::ostream& out);
void showValue(const Swarm& swarm, std::ostream& out);
// NOLINTEND(readability-identifier-naming)

}  // namespace vmacheck
