// The loop of the plain driver; see the header.
#include "search/soak.h"

namespace vmacheck {

Soak::Soak(const SoakOptions& options, Target& target, Journal* journal)
    : options_(options),
      generator_(*options.alphabet, *options.profile, options.pages),
      journal_(journal),
      lockstep_(target) {}

// Each step is drawn from the state that the reference has come to: what the target made of it
// never reaches the generator, so a wrong target cannot change what it is asked.
std::optional<SoakFind> Soak::run(std::uint64_t number) {
    RandomSource source(options_.seed, number);
    generator_.draw_swarm(source, swarm_);
    fit(lockstep_.target().sight(), swarm_);
    steps_.clear();
    lockstep_.begin(swarm_.world, Cells(swarm_.world.pages));
    if (journal_ != nullptr) journal_->begin(swarm_.world, number);
    std::optional<Finding> finding;
    while (steps_.size() < swarm_.length && !finding) {
        steps_.push_back(generator_.draw_step(source, swarm_, &lockstep_.reference()));
        if (journal_ != nullptr) journal_->step(steps_.back(), swarm_.world);
        finding = lockstep_.step(steps_.back());
        if (!refusal().empty()) return std::nullopt;
    }
    if (!finding) finding = lockstep_.finish();
    if (!finding) return std::nullopt;
    return SoakFind{number, {swarm_.world, steps_}, *finding};
}

}  // namespace vmacheck
