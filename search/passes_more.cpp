// See the header.
#include "search/passes_more.h"

#include "model/make_area.h"

namespace vmacheck {
namespace {

using Simplification = void (*)(Attributes& at);
constexpr std::array<Simplification, 6> simplifications = {
    [](Attributes& at) {
        at.fault = FaultId{};
        at.forked = false;
    },
    [](Attributes& at) { at.forked = false; },
    [](Attributes& at) { at.home_node = false; },
    [](Attributes& at) {
        at.policy = Policy::none;
        at.home_node = false;
    },
    [](Attributes& at) { at.name = AreaName::none; },
    [](Attributes& at) {
        at.uffd = UffdContext::none;
        at.flags = at.flags.without(uffd_flags);
    },
};

}  // namespace

void replace_areas(const Candidate& best, const Finding&, const Consider& consider) {
    for (std::size_t index = best.world.areas.size(); index-- > 0;) {
        Candidate candidate = best;
        const InitialArea area = best.world.areas[index];
        candidate.world.areas.erase(candidate.world.areas.begin() +
                                    static_cast<std::ptrdiff_t>(index));
        std::vector<Step> steps;
        for (const Op& op : operations_that_make(best.world, area)) steps.push_back({op, {}, {}});
        for (const Reserve reserve : {Reserve::reserve, Reserve::noreserve}) {
            std::get<Mmap>(steps.front().op).reserve = reserve;
            Candidate made = candidate;
            made.steps.insert(made.steps.begin(), steps.begin(), steps.end());
            if (consider(made)) break;
        }
    }
}

void simplify_areas(const Candidate& best, const Finding&, const Consider& consider) {
    const auto without = [&](const auto& change) {
        Candidate all = best;
        for (InitialArea& area : all.world.areas) change(area.attributes);
        if (consider(all)) return;
        for (std::size_t area = 0; area < best.world.areas.size(); ++area) {
            Candidate candidate = best;
            change(candidate.world.areas[area].attributes);
            consider(candidate);
        }
    };
    for (const Simplification simplify : simplifications) without(simplify);
    for (int flag = static_cast<int>(Flag::account); flag < flag_count; ++flag) {
        const bool locks = Flag(flag) == Flag::locked;
        const Flags dropped = locks ? locked_flags : Flags(Flag(flag));
        without([&](Attributes& at) { at.flags = at.flags.without(dropped); });
    }
}

void simplify_moves(const Candidate& best, const Finding&, const Consider& consider) {
    for (std::size_t at = 0; at < best.steps.size(); ++at) {
        const auto try_with = [&](const auto& change) {
            Candidate candidate = best;
            auto* const move = std::get_if<Mremap>(&candidate.steps[at].op);
            if (move == nullptr) return;
            change(*move);
            if (*move != std::get<Mremap>(best.steps[at].op)) consider(candidate);
        };
        try_with([](Mremap& move) { move.to.start = move.from.start; });
        try_with([](Mremap& move) { move.to.start = move.from.end(); });
        try_with([](Mremap& move) { move.to.count = move.from.count; });
    }
}

}  // namespace vmacheck
