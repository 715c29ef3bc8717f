// mremap: areas shrink, grow where they are, or move, alone or several together.
//
// The functions have the names of their counterparts in mm/mremap.c; impl/move_vma.cpp moves an
// area. In an `atomic` profile all that can fail does so first, and the rest is the same.
//
// Where two kernels have other functions the names are those of the newer one; what they do at
// other times there, or not at all, asks the profile.
#include <algorithm>

#include "impl/address_space.h"
#include "impl/bugs.h"
#include "impl/mremap_kinds.h"

namespace vmacheck::impl {
namespace {

// Only then may it be about several areas.
bool move_only(const Call& call, const Mremap& op) {
    return call.world.profile->multi_move && op.moving == Moving::fixed &&
           op.from.count == op.to.count;
}

// The areas are looked at when the new place has been emptied, but for a first glance.
bool resizes_late(const Call& call) {
    return call.world.profile->mremap_order == MremapOrder::emptied_first && !call.atomic();
}

bool overlap(PageRange one, PageRange other) {
    return one.start < other.end() && other.start < one.end();
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
    const bool empties = refused != Errno::ok && op.moving == Moving::fixed &&
                         BUG(mremap_error_after_clearing_target);
    if (empties) static_cast<void>(run(call, Munmap{op.to}));
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
    PageCount cut_off;
    if (op.moving == Moving::fixed) {
        const Errno error = run(call, Munmap{op.to});
        if (error != Errno::ok) return error;
        // A copy of nothing may have lost its area.
        const Cursor vma = vmas_.find(op.from.start);
        if (vma == vmas_.end() || vmas_.at(vma).start > op.from.start) return Errno::efault;
    }
    if (op.to.count < op.from.count) {
        const Errno error = run(call, Munmap{surplus(op)});
        if (error != Errno::ok && !BUG(mremap_unchecked_unmap)) return error;
        if (call.world.profile->tail_charge == FailedCharge::kept && !call.atomic())
            cut_off = op.from.count - op.to.count;
        op.from.count = op.to.count;
    }
    const Errno refused = resizes_late(call) ? vma_to_resize(call, op) : Errno::ok;
    if (refused != Errno::ok) return refused;
    // The old place stays, and the new one comes on top.
    const Flags flags = vmas_.at(vmas_.find(op.from.start)).attributes.flags;
    if (keeps_old_place(op) && !may_expand_vm(call, flags, op.to.count)) return Errno::enomem;
    const Errno error = check_place(call, op);
    return error == Errno::ok ? move_vma(call, op, cut_off) : error;
}

Errno AddressSpace::expand_in_place(Call& call, const Mremap& op) {
    const Cursor vma = vmas_.find(op.from.start);
    const PageCount charge = pages_to_charge(op, vmas_.at(vma).attributes);
    if (charge.value != 0 && call.fails(Stage::charge)) return Errno::enomem;
    if (!vma_merge_extend(call, vma, op.from.start + op.to.count)) return Errno::enomem;
    call.ledger.charge(charge);
    return Errno::ok;
}

}  // namespace vmacheck::impl
