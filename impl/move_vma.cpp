// The move of one area by mremap, with the names of mm/mremap.c: a copy of its attributes and
// history at the new place, where it may merge, and then the removal of the old one.
#include <array>

#include "impl/address_space.h"
#include "impl/bugs.h"
#include "impl/merge_rule.h"
#include "impl/mremap_kinds.h"

namespace vmacheck::impl {
namespace {

// A copy that is about to lose its userfaultfd is made without looking at its neighbours
// (vma_merge_copied_range).
bool is_copied_alone(const Call& call, const Attributes& source) {
    return call.world.profile->uffd_copy == UffdCopy::alone && !call.atomic() &&
           source.uffd != UffdContext::none && !BUG(watched_copy_merges);
}

}  // namespace

// What a move needs before it begins: areas to spare, and one that can be unlocked as a whole.
Errno AddressSpace::prep_move_vma(Call& call, const Mremap& op) {
    Cursor vma = vmas_.find(op.from.start);
    const bool unlocks = keeps_old_place(op) && vmas_.at(vma).attributes.flags.has(Flag::locked);
    const std::uint64_t most = call.world.max_map_count;
    std::uint64_t count = counters_.map_count;
    if (call.world.profile->mremap_count == MremapCount::early) {
        count += unlocks ? 3U : 2U;
    } else {
        count += 4;
    }
    if (call.world.profile->count_limit && count > most) return Errno::enomem;
    // The driver is asked here, and again by each split.
    const Vma& asked = vmas_.at(vma);
    if (call.world.may_refuse_split(asked.attributes.file) && !call.atomic()) {
        const std::array ends_differ = {asked.start != op.from.start, asked.end != op.from.end()};
        for (const bool differs : ends_differ) {
            if (differs && call.fails(Stage::may_split)) return Errno::einval;
        }
    }
    if (!unlocks || !leaves_the_rest(call, op)) return Errno::ok;
    if (BUG(unlocks_whole_vma_for_partial_move)) return Errno::ok;

    // With x the range:
    //
    //     pages   01234567        pages   01234567
    //     before  .MMxxMM.   ->   after   .AAMMBB.      A and B keep their locks
    if (vmas_.at(vma).cut_by(op.from.start)) {
        const Errno error = split_vma(call, vma, op.from.start, NewPiece::below);
        if (error != Errno::ok) return error;
    }
    if (!vmas_.at(vma).cut_by(op.from.end())) return Errno::ok;
    return split_vma(call, vma, op.from.end(), NewPiece::above);
}

// `cut_off` is what a kernel charges for by mistake: it was taken off the old place before.
Errno AddressSpace::move_vma(Call& call, const Mremap& op, PageCount cut_off) {
    const Errno refused = prep_move_vma(call, op);
    if (refused != Errno::ok) return refused;
    const Attributes old = vmas_.at(vmas_.find(op.from.start)).attributes;
    const PageCount by_mistake = old.flags.has(Flag::account) ? cut_off : PageCount{0};
    const PageCount charge = pages_to_charge(op, old);
    const bool asks = charge.value != 0 || by_mistake.value != 0;
    if (asks && call.fails(Stage::charge)) return Errno::enomem;
    const Errno error = copy_vma(call, op);
    if (error != Errno::ok) return error;
    // Both places are charged as long as both are there.
    const bool charges_all = keeps_old_place(op) && BUG(dontunmap_accounting_hits_neighbour);
    const Vma& whole = vmas_.at(vmas_.find(op.to.start));
    const PageCount copied = charges_all ? whole.count() : op.to.count;
    if (old.flags.has(Flag::account)) call.ledger.charge(copied);

    if (!op.from.empty() && call.fails(Stage::move)) {
        if (BUG(failed_move_keeps_the_copy)) return Errno::enomem;
        const Errno kept = unmap_range(call, op.to);
        CHECK(kept == Errno::ok);
        if (call.world.profile->move_charge == FailedCharge::kept) {
            if (!keeps_old_place(op)) call.ledger.charge_for_good(charge);
            call.ledger.charge_for_good(by_mistake);
        }
        return Errno::enomem;
    }
    call.ledger.charge_for_good(by_mistake);
    reset_uffd(op.to);
    guards_.move({op.from.start, std::min(op.from.count, op.to.count)}, op.to.start);
    if (keeps_old_place(op)) {
        dontunmap_complete(call, op.from);
    } else if (!op.from.empty()) {
        unmap_source_vma(call, op.from);
    }
    return Errno::ok;
}

// Lest the charge of the old place go with it, its area is not charged while it is unmapped; in a
// failure nobody remembers that, and the charge stays for good. The move has succeeded all the
// same.
void AddressSpace::unmap_source_vma(Call& call, PageRange range) {
    const PageRange area = vmas_.at(vmas_.find(range.start)).range();
    if (unmap_range(call, range) == Errno::ok) return;
    if (call.world.profile->source_charge == FailedCharge::returned) return;
    for (Cursor vma = vmas_.find(area.start); vma != vmas_.end(); vma = vmas_.next(vma)) {
        Vma piece = vmas_.at(vma);
        if (piece.start >= area.end()) return;
        if (!piece.attributes.flags.has(Flag::account)) return;
        call.ledger.uncharge(piece.count());
        call.ledger.charge_for_good(piece.count());
        piece.attributes.flags = piece.attributes.flags.without(Flag::account);
        vmas_.replace(vma, piece);
    }
}

// A new range at the new place, like the old one down to its history.
Errno AddressSpace::copy_vma(Call& call, const Mremap& op) {
    const Vma source = vmas_.at(vmas_.find(op.from.start));
    Vma copy{op.to.start, op.to.end(), source.attributes};
    copy.attributes.pgoff = source.pgoff_at(op.from.start);
    if (call.atomic()) copy.attributes = without_uffd(copy.attributes);
    const bool anonymous = source.attributes.file.none();
    if (anonymous && source.attributes.fault.none() && !BUG(moved_area_keeps_offset)) {
        copy.attributes.pgoff = copy.start.value;
    }
    // What stays and its copy are two areas.
    const bool stays = leaves_the_rest(call, op) && !BUG(dontunmap_merges_with_itself);
    const Cursor apart = stays ? vmas_.find(op.from.start) : Cursor();
    const bool alone = is_copied_alone(call, source.attributes);
    if (!alone && !vma_merge_new_range(call, copy, apart).none()) return Errno::ok;

    if (fails_to_copy(call, Stage::allocation, copy.attributes)) return Errno::enomem;
    const FileId file = copy.attributes.file;
    const bool has_hooks = call.world.has_close_hook(file);
    if (has_hooks) call.log.call_open(id_, file, copy.range());
    if (!call.atomic() && call.fails(Stage::link)) {
        if (has_hooks) call.log.call_close(id_, file, copy.range());
        return Errno::enomem;
    }
    insert_vma(call, vmas_.find(copy.start), copy);
    return Errno::ok;
}

// The old place has lost its pages: nothing is locked there any more, nor in the rest of its area,
// though nobody takes that off locked_vm; or the area has no rest (prep_move_vma). A whole area is
// as if it had never been written to. Nothing is merged.
void AddressSpace::dontunmap_complete(Call& call, PageRange range) {
    if (call.atomic()) {
        const Errno done = run(call, Munlock{range});
        CHECK(done == Errno::ok);
        return;
    }
    const bool whole_area = call.world.profile->dontunmap == Dontunmap::whole_area;
    const Cursor cursor = vmas_.find(range.start);
    Vma vma = vmas_.at(cursor);
    const std::uint64_t unlocked = vma.attributes.flags.has(Flag::locked) ? vma.count().value : 0;
    if (whole_area)
        stray_locked_ += unlocked;
    else
        counters_.locked -= unlocked;
    vma.attributes.flags = vma.attributes.flags.without(locked_flags);
    if (vma.range() == range) {
        vma.attributes.fault = FaultId{};
        vma.attributes.forked = false;
        const bool anonymous = vma.attributes.file.none();
        if (!whole_area && anonymous && !BUG(old_place_keeps_offset)) {
            vma.attributes.pgoff = vma.start.value;
        }
    }
    vmas_.replace(cursor, vma);
}

}  // namespace vmacheck::impl
