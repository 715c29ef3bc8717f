// mremap: areas shrink, grow where they are, or move, alone or several together.
//
// The functions have the names of their counterparts in mm/mremap.c. A move is a copy of one area's
// attributes and history to the new place, where it may merge, and then the removal of the old one.
// In an `atomic` profile all that can fail does so first, and the rest is the same.
//
// Where two kernels have other functions the names are those of the newer one; what they do at
// other times there, or not at all, asks the profile.
#include <algorithm>

#include "impl/address_space.h"
#include "impl/bugs.h"
#include "impl/merge_rule.h"

namespace vmacheck::impl {
namespace {

bool keeps_old_place(const Mremap& op) {
    return op.old_place == OldPlace::dont_unmap;
}

bool implies_new_addr(const Mremap& op) {
    return op.moving == Moving::fixed || keeps_old_place(op);
}

// Only then may it be about several areas.
bool move_only(const Call& call, const Mremap& op) {
    return call.world.profile->multi_move && op.moving == Moving::fixed &&
           op.from.count == op.to.count;
}

// The areas are looked at when the new place has been emptied, but for a first glance.
bool resizes_late(const Call& call) {
    return call.world.profile->mremap_order == MremapOrder::emptied_first && !call.atomic();
}

// Of what stays nothing but the range itself changes.
bool leaves_the_rest(const Call& call, const Mremap& op) {
    return keeps_old_place(op) && call.world.profile->dontunmap == Dontunmap::range &&
           !call.atomic();
}

// A copy that is about to lose its userfaultfd is made without looking at its neighbours
// (vma_merge_copied_range).
bool is_copied_alone(const Call& call, const Attributes& source) {
    return call.world.profile->uffd_copy == UffdCopy::alone && !call.atomic() &&
           source.uffd != UffdContext::none && !BUG(watched_copy_merges);
}

bool overlap(PageRange one, PageRange other) {
    return one.start < other.end() && other.start < one.end();
}

// What the commit limit is asked for: where the old place is unmapped its charge moves along.
PageCount pages_to_charge(const Mremap& op, const Attributes& attributes) {
    if (!attributes.flags.has(Flag::account)) return {};
    if (keeps_old_place(op)) return op.to.count;
    PageCount pages = op.to.count;
    pages -= std::min(op.from.count, op.to.count);
    return pages;
}

// The old pages behind those that there is room for.
PageRange surplus(const Mremap& op) {
    return {op.from.start + op.to.count, PageCount{op.from.count.value - op.to.count.value}};
}

}  // namespace

Errno AddressSpace::run(Call& call, const Mremap& op) {
    const Errno refused =
        resizes_late(call) ? check_params_late(call, op) : check_mremap_params(call, op);
    if (refused != Errno::ok) return refused;
    const bool unmaps_only = !implies_new_addr(op) && op.to.count <= op.from.count;
    if (call.atomic() && !unmaps_only) {
        const Errno error = check_mremap(call, op);
        if (error != Errno::ok) return error;
        call.committing = true;
    }
    return move_only(call, op) ? remap_move(call, op) : remap_one(call, op);
}

// What can be said without looking at any area.
Errno AddressSpace::check_mremap_params(const Call& call, const Mremap& op) const {
    if (op.to.empty() || op.to.count > call.world.pages) return Errno::einval;
    const Errno refused = check_new_addr(call, op);
    return refused == Errno::ok ? check_map_count(call, op) : refused;
}

// The same with an area: mremap() and mremap_to() of 6.12, up to the first munmap.
Errno AddressSpace::check_params_late(const Call& call, const Mremap& op) const {
    if (op.to.empty()) return Errno::einval;
    if (keeps_old_place(op) && (op.moving == Moving::stay || op.from.count != op.to.count)) {
        return Errno::einval;
    }
    const bool counts_first = call.world.profile->mremap_count == MremapCount::early;
    Errno refused = counts_first ? check_map_count(call, op) : Errno::ok;
    if (refused == Errno::ok) refused = check_source(op);
    if (refused == Errno::ok) refused = check_new_addr(call, op);
    return refused == Errno::ok ? check_map_count(call, op) : refused;
}

Errno AddressSpace::check_new_addr(const Call& call, const Mremap& op) {
    if (!implies_new_addr(op)) return Errno::ok;
    if (op.to.end().value > call.world.pages.value) return Errno::einval;
    if (op.moving == Moving::stay) return Errno::einval;
    if (keeps_old_place(op) && op.from.count != op.to.count) return Errno::einval;
    return overlap(op.from, op.to) ? Errno::einval : Errno::ok;
}

// Room for what the unmapping of both places may add, and then for the move itself.
Errno AddressSpace::check_map_count(const Call& call, const Mremap& op) const {
    const World& world = call.world;
    if (!world.profile->count_limit) return Errno::ok;
    bool over = false;
    if (world.profile->mremap_count == MremapCount::early) {
        std::uint64_t count = counters_.map_count + 2 + 2;
        if (keeps_old_place(op)) ++count;
        over = count > world.max_map_count ||
               (count == world.max_map_count && BUG(early_count_is_strict));
    } else {
        over = implies_new_addr(op) && counters_.map_count + 5 >= world.max_map_count;
    }
    return over ? Errno::enomem : Errno::ok;
}

// Whether the area at the start of the old place may be touched at all.
Errno AddressSpace::check_source(const Mremap& op) const {
    const Cursor cursor = vmas_.find(op.from.start);
    if (cursor == vmas_.end() || vmas_.at(cursor).start > op.from.start) return Errno::efault;
    const bool sealed = vmas_.at(cursor).attributes.flags.has(Flag::sealed);
    return sealed ? Errno::eperm : Errno::ok;
}

Errno AddressSpace::check_prep_vma(const Call& call, const Mremap& op) const {
    const Errno refused = check_source(op);
    return refused == Errno::ok ? vma_to_resize(call, op) : refused;
}

// What that area permits.
Errno AddressSpace::vma_to_resize(const Call& call, const Mremap& op) const {
    const Vma& vma = vmas_.at(vmas_.find(op.from.start));
    const Flags flags = vma.attributes.flags;
    const bool expands = op.to.count > op.from.count;
    if (!expands && !implies_new_addr(op)) return Errno::ok;
    const bool shared = flags.has_any(Flag::may_share | Flag::shared);
    if (op.from.empty() && !shared) return Errno::einval;
    const bool fixed_size = flags.has_any(Flag::pfnmap | Flag::dont_expand);
    if (keeps_old_place(op) && fixed_size) return Errno::einval;
    const PageCount moved = expands ? op.from.count : op.to.count;
    if (vma.end - op.from.start < moved) return Errno::efault;
    if (!expands) return Errno::ok;
    if (fixed_size) return Errno::efault;
    const PageCount delta = op.to.count - op.from.count;
    const bool locked = flags.has(Flag::locked);
    if (locked && counters_.locked + delta.value > call.world.memlock) return Errno::eagain;
    return may_expand_vm(call, flags, delta) ? Errno::ok : Errno::enomem;
}

bool AddressSpace::can_expand_in_place(const Call& call, const Mremap& op) const {
    if (implies_new_addr(op) || op.to.count <= op.from.count) return false;
    const Page end = op.from.start + op.to.count;
    return vmas_.at(vmas_.find(op.from.start)).end == op.from.end() &&
           end.value <= call.world.pages.value && !any_mapped(range_between(op.from.end(), end));
}

// Whether what cannot stay may go to the new place. Without a name for it the kernel looks for one.
Errno AddressSpace::check_place(const Call& call, const Mremap& op) const {
    if (op.moving == Moving::fixed) return Errno::ok;
    if (op.moving == Moving::stay) return Errno::enomem;
    if (op.to.end().value > call.world.pages.value) return Errno::enomem;
    return any_mapped(op.to) ? Errno::eexist : Errno::ok;
}

// The part of `op` that is about the first area of the old place from `done` on.
std::optional<Mremap> AddressSpace::next_part(const Mremap& op, Page done) const {
    if (done >= op.from.end()) return std::nullopt;
    const Cursor cursor = vmas_.find(done);
    if (cursor == vmas_.end() || vmas_.at(cursor).start >= op.from.end()) return std::nullopt;
    const Vma& vma = vmas_.at(cursor);
    if (done == op.from.start && vma.start > done) return std::nullopt;
    Mremap part = op;
    part.from = range_between(std::max(vma.start, done), std::min(vma.end, op.from.end()));
    part.to = {op.to.start + (part.from.start - op.from.start), part.from.count};
    return part;
}

// What a userfaultfd watches is not moved with others (vma_multi_allowed).
bool AddressSpace::multi_allowed(const Mremap& part, const Mremap& whole) const {
    const bool armed = vmas_.at(vmas_.find(part.from.start)).attributes.uffd != UffdContext::none;
    return !armed || part.from == whole.from;
}

// Passes what can fail in an `atomic` profile, and changes nothing. Memory is asked for once.
Errno AddressSpace::check_mremap(Call& call, const Mremap& op) const {
    std::vector<Mremap> parts;
    const bool several = move_only(call, op);
    if (!several) parts.push_back(op);
    for (auto part = several ? next_part(op, op.from.start) : std::nullopt; part;
         part = next_part(op, part->from.end())) {
        parts.push_back(*part);
    }
    if (parts.empty()) return Errno::efault;
    for (const Mremap& part : parts) {
        if (several && !multi_allowed(part, op)) return Errno::efault;
        const Errno refused = check_prep_vma(call, part);
        if (refused != Errno::ok) return refused;
    }
    PageCount charge;
    PageCount duplicated;
    for (const Mremap& part : parts) {
        charge += pages_to_charge(part, vmas_.at(vmas_.find(part.from.start)).attributes);
        if (can_expand_in_place(call, part)) continue;
        if (part.moving == Moving::fixed && any_sealed(part.to)) return Errno::eperm;
        if (part.to.count < part.from.count) {
            if (part.from.end().value > call.world.pages.value) return Errno::einval;
            if (any_sealed(surplus(part))) return Errno::eperm;
        }
        // A copy of nothing would lose its area.
        const bool loses = part.moving == Moving::fixed && part.to.contains(part.from.start);
        const Errno refused = loses ? Errno::efault : check_place(call, part);
        if (refused != Errno::ok) return refused;
        // As if all copies were made before a place is emptied.
        duplicated += part.from.count;
        const Flags flags = vmas_.at(vmas_.find(part.from.start)).attributes.flags;
        if (keeps_old_place(op) && !may_expand_vm(call, flags, duplicated)) return Errno::enomem;
    }
    if (charge.value != 0 && call.fails(Stage::charge)) return Errno::enomem;
    return call.fails(Stage::allocation) ? Errno::enomem : Errno::ok;
}

// One area after the other, with the holes between them. An error leaves what was moved before it.
Errno AddressSpace::remap_move(Call& call, const Mremap& op) {
    auto part = next_part(op, op.from.start);
    if (!part) return Errno::efault;
    for (TurnBound turns = bound(); part; part = next_part(op, part->from.end())) {
        turns.turn();
        if (!multi_allowed(*part, op)) return Errno::efault;
        const Errno error = remap_one(call, *part);
        if (error != Errno::ok) return error;
        if (part->from.end() < op.from.end() && BUG(only_first_area_moves)) break;
    }
    return Errno::ok;
}

Errno AddressSpace::remap_one(Call& call, const Mremap& op) {
    const bool late =
        resizes_late(call) && implies_new_addr(op) && !BUG(resize_asked_before_unmapping);
    const Errno refused = late ? check_source(op) : check_prep_vma(call, op);
    if (refused != Errno::ok) return refused;
    const bool locked = vmas_.at(vmas_.find(op.from.start)).attributes.flags.has(Flag::locked);
    if (!implies_new_addr(op) && op.to.count <= op.from.count) {
        return op.to.count == op.from.count ? Errno::ok : run(call, Munmap{surplus(op)});
    }

    Errno error = Errno::ok;
    Page start = op.to.start;
    if (implies_new_addr(op)) {
        error = mremap_to(call, op);
    } else if (can_expand_in_place(call, op)) {
        start = op.from.start;
        error = expand_in_place(call, op);
    } else {
        error = check_place(call, op);
        if (error == Errno::ok) error = move_vma(call, op);
    }
    if (error != Errno::ok || !locked || op.to.count <= op.from.count) return error;
    const PageRange added = range_between(start + op.from.count, start + op.to.count);
    const Errno ignored = mm_populate(call, added, true);
    static_cast<void>(ignored);
    return Errno::ok;
}

// To a place that has a name. What lay there goes first, and then what would not fit.
Errno AddressSpace::mremap_to(Call& call, Mremap op) {
    if (op.moving == Moving::fixed) {
        const Errno error = run(call, Munmap{op.to});
        if (error != Errno::ok) return error;
        // A copy of nothing may have lost its area.
        const Cursor vma = vmas_.find(op.from.start);
        if (vma == vmas_.end() || vmas_.at(vma).start > op.from.start) return Errno::efault;
    }
    if (op.to.count < op.from.count) {
        const Errno error = run(call, Munmap{surplus(op)});
        if (error != Errno::ok) return error;
        op.from.count = op.to.count;
    }
    const Errno refused = resizes_late(call) ? vma_to_resize(call, op) : Errno::ok;
    if (refused != Errno::ok) return refused;
    // The old place stays, and the new one comes on top.
    const Flags flags = vmas_.at(vmas_.find(op.from.start)).attributes.flags;
    if (keeps_old_place(op) && !may_expand_vm(call, flags, op.to.count)) return Errno::enomem;
    const Errno error = check_place(call, op);
    return error == Errno::ok ? move_vma(call, op) : error;
}

Errno AddressSpace::expand_in_place(Call& call, const Mremap& op) {
    const Cursor vma = vmas_.find(op.from.start);
    const PageCount charge = pages_to_charge(op, vmas_.at(vma).attributes);
    if (charge.value != 0 && call.fails(Stage::charge)) return Errno::enomem;
    if (!vma_merge_extend(call, vma, op.from.start + op.to.count)) return Errno::enomem;
    call.ledger.charge(charge);
    return Errno::ok;
}

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
        const bool ends_differ[] = {asked.start != op.from.start, asked.end != op.from.end()};
        for (const bool differs : ends_differ) {
            if (differs && call.fails(Stage::may_split)) return Errno::einval;
        }
    }
    if (!unlocks || !leaves_the_rest(call, op)) return Errno::ok;

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

Errno AddressSpace::move_vma(Call& call, const Mremap& op) {
    const Errno refused = prep_move_vma(call, op);
    if (refused != Errno::ok) return refused;
    const Attributes old = vmas_.at(vmas_.find(op.from.start)).attributes;
    const PageCount charge = pages_to_charge(op, old);
    if (charge.value != 0 && call.fails(Stage::charge)) return Errno::enomem;
    const Errno error = copy_vma(call, op);
    if (error != Errno::ok) return error;
    // Both places are charged as long as both are there.
    if (old.flags.has(Flag::account)) call.ledger.charge(op.to.count);

    if (!op.from.empty() && call.fails(Stage::move)) {
        if (BUG(failed_move_keeps_the_copy)) return Errno::enomem;
        const Errno kept = unmap_range(call, op.to);
        CHECK(kept == Errno::ok);
        const bool keeps = call.world.profile->move_charge == FailedCharge::kept;
        if (keeps && old.flags.has(Flag::account) && !keeps_old_place(op))
            call.ledger.charge_for_good(op.to.count - op.from.count);
        return Errno::enomem;
    }
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
