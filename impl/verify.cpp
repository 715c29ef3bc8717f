// The full walk over the state: every invariant is checked, every counter is counted again.
#include "impl/address_space.h"
#include "impl/machine.h"
#include "impl/merge_rule.h"
#include "model/check_macro.h"

namespace vmacheck::impl {

void AddressSpace::verify(const World& world, Ledger& found) const {
    SpaceCounters counted;
    Page end{0};
    for (Cursor at = vmas_.first(); at != vmas_.end(); at = vmas_.next(at)) {
        const Vma& vma = vmas_.at(at);
        const Flags flags = vma.attributes.flags;
        CHECK(vma.start < vma.end);
        CHECK(end <= vma.start);
        CHECK(!vma.attributes.forked || !vma.attributes.fault.none());
        CHECK(flags.has_any(uffd_flags) == (vma.attributes.uffd != UffdContext::none));
        CHECK(world.profile->fault_identity || vma.attributes.fault.none());
        const Cursor prev = vmas_.before(at);
        CHECK(!world.profile->maximal || prev.none() ||
              !can_merge(*world.profile, vmas_.at(prev), vma, RangeSide::right));
        end = vma.end;

        counted.map_count += 1;
        counted.total += vma.count().value;
        if (counts_as_exec(flags)) counted.exec += vma.count().value;
        if (counts_as_data(flags)) counted.data += vma.count().value;
        if (counts_as_stack(flags)) counted.stack += vma.count().value;
        if (flags.has(Flag::locked)) counted.locked += vma.count().value;
        found.hold(vma.attributes);
        if (flags.has(Flag::account)) found.charge(vma.count());
    }
    CHECK(end.value <= world.pages.value);
    for (const PageRange& guards : guards_.all()) CHECK(!has_gap(guards));
    CHECK(counted.map_count == counters_.map_count);
    CHECK(counted.total == counters_.total);
    CHECK(counted.exec == counters_.exec);
    CHECK(counted.data == counters_.data);
    CHECK(counted.stack == counters_.stack);
    CHECK(counted.locked + stray_locked_ == counters_.locked);
}

void Machine::verify() const {
    CHECK(world_ != nullptr);
    recounted_ = ledger_;
    recounted_.forget_areas();
    for (std::size_t i = 0; i < spaces_.size(); ++i) {
        CHECK(exists_[i] || spaces_[i].vmas().size() == 0);
        spaces_[i].verify(*world_, recounted_);
    }
    CHECK(recounted_.committed() == ledger_.committed());
    CHECK(recounted_.files() == ledger_.files());
    CHECK(recounted_.objects() == ledger_.objects());
}

}  // namespace vmacheck::impl
