// Targets for the tests of the laws: mistaken ones, each of which breaks a law.
//
// A MutantTarget stands before another target and spoils what goes in or what comes out.
#pragma once

#include <array>
#include <memory>
#include <set>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "model/target.h"

namespace vmacheck {

enum class Mistake : std::uint8_t {
    none,
    cuts_at_mprotect,        // Shows areas cut wherever an mprotect or madvise once ended.
    remembers_last_range,    // Shows an area cut where the last operation started.
    counts_one_too_many,     // Its map_count is wrong when it has three areas.
    second_unmap_fails,      // To unmap nothing is EINVAL.
    drops_distant_pages,     // An mprotect behind page 64 does nothing.
    failure_unmaps,          // A step that failed at a stage has unmapped its range.
    munmap_takes_neighbour,  // Unmaps one page more than it should.
};

class MutantTarget final : public Target {
  public:
    MutantTarget(std::unique_ptr<Target> inner, Mistake mistake)
        : inner_(std::move(inner)), mistake_(mistake) {}

    [[nodiscard]] std::string_view name() const override { return "mutant"; }
    [[nodiscard]] const Sight& sight() const override { return inner_->sight(); }

    void create(const World& world) override {
        pages_ = world.pages;
        for (std::set<Page>& cuts : cuts_) cuts.clear();
        inner_->create(world);
    }
    [[nodiscard]] Errno apply(const Step& step, StepLog& log) override;
    [[nodiscard]] bool has_space(SpaceId space) const override { return inner_->has_space(space); }
    void observe(SpaceId space, SpaceView& view) const override;
    void observe(MachineView& view) const override { inner_->observe(view); }

  private:
    static PageRange range_of(const Op& op) {
        return std::visit(
            [](const auto& typed) {
                if constexpr (requires { typed.range; })
                    return typed.range;
                else
                    return PageRange{};
            },
            op);
    }
    [[nodiscard]] bool any_mapped(SpaceId space, PageRange range) const;
    void note(const Step& step);

    std::unique_ptr<Target> inner_;
    Mistake mistake_;
    PageCount pages_;
    std::array<std::set<Page>, space_count_max> cuts_;
};

inline bool MutantTarget::any_mapped(SpaceId space, PageRange range) const {
    SpaceView view;
    inner_->observe(space, view);
    for (const AreaView& area : view.areas) {
        if (area.range.start < range.end() && range.start < area.range.end()) return true;
    }
    return false;
}

inline void MutantTarget::note(const Step& step) {
    std::set<Page>& cuts = cuts_[step.space.value];
    const PageRange range = range_of(step.op);
    const bool changes =
        std::holds_alternative<Mprotect>(step.op) || std::holds_alternative<Madvise>(step.op);
    if (mistake_ == Mistake::cuts_at_mprotect && changes) {
        cuts.insert(range.start);
        cuts.insert(range.end());
    }
    if (mistake_ == Mistake::remembers_last_range) cuts = {range.start};
}

inline Errno MutantTarget::apply(const Step& step, StepLog& log) {
    const PageRange range = range_of(step.op);
    Step applied = step;
    auto* const munmap = std::get_if<Munmap>(&applied.op);
    const bool mprotect = std::holds_alternative<Mprotect>(step.op);
    if (mistake_ == Mistake::drops_distant_pages && mprotect && range.start.value >= 64) {
        return Errno::ok;
    }
    if (munmap != nullptr && has_space(step.space)) {
        const bool fits = range.end().value < pages_.value;
        if (mistake_ == Mistake::munmap_takes_neighbour && fits && !range.empty()) {
            munmap->range.count += PageCount{1};
        }
        if (mistake_ == Mistake::second_unmap_fails && !any_mapped(step.space, range)) {
            return Errno::einval;
        }
    }
    const Errno error = inner_->apply(applied, log);
    note(step);
    if (mistake_ == Mistake::failure_unmaps && log.struck() && error != Errno::ok) {
        StepLog silent;
        static_cast<void>(inner_->apply({Munmap{range}, step.space, {}}, silent));
    }
    return error;
}

inline void MutantTarget::observe(SpaceId space, SpaceView& view) const {
    inner_->observe(space, view);
    if (mistake_ == Mistake::counts_one_too_many && view.areas.size() == 3) {
        view.counters.map_count += 1;
    }
    for (const Page cut : cuts_[space.value]) {
        for (std::size_t at = 0; at < view.areas.size(); ++at) {
            AreaView& area = view.areas[at];
            if (!area.range.contains(cut) || area.range.start == cut) continue;
            AreaView above = area;
            above.range = {cut, area.range.end() - cut};
            area.range.count = cut - area.range.start;
            above.attributes.pgoff += area.range.count.value;
            view.areas.insert(view.areas.begin() + static_cast<std::ptrdiff_t>(at) + 1, above);
            view.counters.map_count += 1;
            break;
        }
    }
}

}  // namespace vmacheck
