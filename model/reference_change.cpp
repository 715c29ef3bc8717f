// The reference's changes of attributes: what a change does, mprotect and madvise (Linux:
// vma_modify() in mm/vma.c, mprotect_fixup() in mm/mprotect.c, madvise_vma_behavior() in
// mm/madvise.c)
#include "model/reference_walk.h"

namespace vmacheck {
namespace {

// is_discard(): what throws away contents or hides them.
bool discards(Advice advice) {
    using enum Advice;
    return advice == free || advice == dontneed || advice == dontneed_locked || advice == remove ||
           advice == dontfork || advice == wipeonfork;
}

}  // namespace

// Gives a piece of one area other attributes. If it can go over to a neighbour it does, else it is
// cut out (vma_modify()). Only the two ends of the piece are looked at.
//
//     pages   01234567                       01234567
//     before  AAaaaaBB   both ends fit:      AAAAAAAA  (covered)   AAaaaaBB -> AAAAaaBB (left part)
Errno Reference::change(Piece piece, const Change& wanted) {
    const Attributes& to = wanted.to;
    const Attributes& old = cells()[piece.start].attributes;
    const FileId file = old.file;
    const Attributes first = with_place_of(to, old);
    const bool from_start = !inside_area(piece.start);
    const bool to_end = !inside_area(piece.end);

    Refusal left = from_start ? refusal_before(piece, first) : Refusal::no_neighbour;
    Refusal right = to_end ? refusal_behind(piece, first) : Refusal::no_neighbour;
    const bool covered = from_start && to_end;
    if (covered && world_->has_close_hook(file)) {
        // The area would disappear into its neighbour, and its close hook keeps it.
        if (left == Refusal::none) left = Refusal::close;
        if (right == Refusal::none) right = Refusal::close;
    }
    if (left == Refusal::none && right == Refusal::none) {
        const FaultId prev = cells()[piece.start - 1].attributes.fault;
        const FaultId next = cells()[piece.end].attributes.fault;
        if (!prev.none() && !next.none() && prev != next) right = Refusal::three_way;
    }
    count_refusal(left);
    count_refusal(right);

    bool join_left = left == Refusal::none;
    bool join_right = right == Refusal::none;
    Seam seam = Seam::none;  // Of an end that fits and stays apart all the same.
    if (!world_->profile->atomic) {
        const bool joins = join_left || join_right;
        const Errno error =
            joins ? merge_memory(piece, old, join_left, join_right) : cut_to_change(piece);
        const bool given_up = error != Errno::ok && joins && covered && wanted.may_stay_apart;
        if (error != Errno::ok && !given_up) return error;
        if (given_up) {
            join_left = join_right = false;
            seam = Seam::merge_given_up;
            cases_->hit(CaseKind::refused_memory);
        }
    }
    if (join_left && join_right)
        cases_->hit(CaseKind::merge_both);
    else if (join_left)
        cases_->hit(covered ? CaseKind::merge_left : CaseKind::merge_left_part);
    else if (join_right)
        cases_->hit(covered ? CaseKind::merge_right : CaseKind::merge_right_part);

    // vma_replace_policy() copies the policy once more, behind the merge or the cuts.
    const bool replaces = to.policy != old.policy || to.home_node != old.home_node;
    const bool copies_policy = replaces && to.policy != Policy::none && !world_->profile->atomic;
    const bool no_policy = copies_policy && log_->fails(Stage::policy);
    if (no_policy && !join_left && !join_right) return Errno::enomem;

    // What stays of the old area is separate from now on, so that a join cannot reach it.
    cells()[piece.start].boundary = true;
    if (mapped(piece.end)) cells()[piece.end].boundary = true;
    for (std::size_t cell = piece.start; cell < piece.end; ++cell) {
        cells()[cell].attributes = with_place_of(to, cells()[cell].attributes);
    }
    if (join_left)
        join(piece.start);
    else
        record_seam(piece.start, left == Refusal::none ? seam : seam_of(left));
    if (join_right)
        join(piece.end);
    else
        record_seam(piece.end, right == Refusal::none ? seam : seam_of(right));
    if (right == Refusal::three_way) record_three_way(piece.end);
    if (wanted.keeps_own_sticky) put_back_sticky(piece.start, to.flags & sticky_flags);
    return no_policy ? Errno::enomem : Errno::ok;
}

// The flags that the area had before a merge brought it more.
void Reference::put_back_sticky(std::size_t cell, Flags sticky) {
    const std::size_t end = area_end(cell);
    for (std::size_t own = area_start(cell); own < end; ++own) {
        Flags& flags = cells()[own].attributes.flags;
        flags = flags.without(sticky_flags) | sticky;
    }
}

// What it takes to join a new or changed piece with the areas beside it: if the one that grows has
// no identity and another one has, that is linked to it first (dup_anon_vma(), commit_merge()).
Errno Reference::merge_memory(Piece piece, const Attributes& first, bool left, bool right) {
    const Attributes& grows = cells()[left ? piece.start - 1 : piece.end].attributes;
    const bool swallows = left && right && !cells()[piece.end].attributes.fault.none();
    const bool links = grows.fault.none() && (swallows || !first.fault.none());
    if (links && log_->fails(Stage::anon)) return Errno::enomem;
    return log_->fails(Stage::merge) ? Errno::enomem : Errno::ok;
}

// split_vma() at both ends, each under the count limit. If the second fails, the first stays.
Errno Reference::cut_to_change(Piece piece) {
    const bool at_start = inside_area(piece.start);
    const bool at_end = inside_area(piece.end);
    if (at_start) {
        if (at_count_limit()) return Errno::enomem;
        if (const Errno error = cut(piece.start, End::start); error != Errno::ok) return error;
    }
    if (at_end) {
        if (at_count_limit()) return Errno::enomem;
        if (const Errno error = cut(piece.end, End::end); error != Errno::ok) return error;
    }
    count_split(at_start, at_end);
    return Errno::ok;
}

Errno Reference::run(const Mprotect& op) {
    if (op.range.empty()) return Errno::ok;
    // Only a key that the program has allocated may be given (mm_pkey_is_allocated()).
    if (op.pkey != Pkey::keep && number_of(op.pkey) >= world_->pkeys) return Errno::einval;
    PageRange range = op.range;
    if (op.reach == Reach::grows_down) {
        // A hole at the start is skipped, and a stack is changed from its start on.
        const Piece piece = inside_world(range);
        std::size_t first = piece.start;
        while (first < piece.end && !mapped(first)) ++first;
        if (first == piece.end) return Errno::enomem;
        if (!cells()[first].attributes.flags.has(Flag::grows_down)) return Errno::einval;
        range = range_between(layout_.start(area_start(first)), range.end());
    }
    return change_pieces(range, {Holes::stop},
                         [&](std::size_t cell) { return protect_change(cell, op); });
}

// __arch_override_mprotect_pkey() in arch/x86/mm/pkeys.c: without a key to give, the old one stays.
// But memory that becomes execute-only gets the key that makes it so, and loses it afterwards.
Flags Reference::pkey_after(Flags old, const Mprotect& op) const {
    if (op.pkey != Pkey::keep) return flags_of_pkey(number_of(op.pkey));
    const unsigned execute_only = world_->execute_only_pkey();
    if (execute_only == 0) return old & pkey_flags;
    if (op.prot.flags == Flags(Flag::exec)) return flags_of_pkey(execute_only);
    const bool was_execute_only = pkey_of(old) == execute_only;
    return was_execute_only ? Flags{} : old & pkey_flags;
}

Reference::Change Reference::protect_change(std::size_t cell, const Mprotect& op) const {
    const Prot prot = op.prot;
    const Attributes& old = cells()[cell].attributes;
    Change wanted{Errno::ok, old};
    Flags& flags = wanted.to.flags;
    flags = old.flags.without(access_flags | pkey_flags) | prot.flags | pkey_after(old.flags, op);
    // A seal refuses even what changes nothing.
    if (old.flags.has(Flag::sealed)) wanted.error = Errno::eperm;
    if (!old.flags.has(needed_may_flags(prot))) wanted.error = Errno::eacces;
    if (wanted.error != Errno::ok || flags == old.flags) return wanted;
    const Flags never_charged =
        Flag::account | Flag::write | Flags(Flag::shared) | Flags(Flag::noreserve);
    const bool anonymous = old.file.none();
    // Locked private memory that becomes writable gets pages of its own at once.
    wanted.populate = prot.flags.has(Flag::write) && old.flags.has(Flag::locked) &&
                      !old.flags.has_any(Flag::write | Flag::shared);
    if (prot.flags.has(Flag::write)) {
        // Private pages that become writable are charged, once.
        wanted.charge = !old.flags.has_any(never_charged);
        if (wanted.charge) flags = flags | Flag::account;
    } else if (anonymous && old.fault.none()) {
        // Nothing was ever written, so the charge can be given back.
        flags = flags.without(Flag::account);
    }
    return wanted;
}

Errno Reference::run(const Madvise& op) {
    // Nothing is too little to be told that there is no such advice.
    if (is_of_guards(op.advice) && !world_->profile->guard_regions) return Errno::einval;
    if (op.range.empty()) return Errno::ok;
    if (is_of_guards(op.advice)) return change_guards(op.range, op.advice);
    const bool writes = op.advice == Advice::populate_write;
    if (writes || op.advice == Advice::populate_read) return populate_as_advised(op.range, writes);
    // A hole is ENOMEM; memory that vma_modify() did not get is EAGAIN (madvise_vma_behavior()).
    return change_pieces(op.range, {Holes::report, Errno::eagain},
                         [&](std::size_t cell) { return advice_change(cell, op.advice); });
}

Reference::Change Reference::advice_change(std::size_t cell, Advice advice) const {
    Change wanted{refused_advice(cell, advice), cells()[cell].attributes};
    const auto set = [&](Flags added, Flags removed) {
        wanted.to.flags = wanted.to.flags.without(removed) | added;
    };
    using enum Advice;
    switch (advice) {
        case normal: set({}, Flag::seq_read | Flag::rand_read); break;
        case sequential: set(Flag::seq_read, Flag::rand_read); break;
        case random: set(Flag::rand_read, Flag::seq_read); break;
        case dontfork: set(Flag::dont_copy, {}); break;
        case dofork: set({}, Flag::dont_copy); break;
        case wipeonfork: set(Flag::wipe_on_fork, {}); break;
        case keeponfork: set({}, Flag::wipe_on_fork); break;
        case dontdump: set(Flag::dont_dump, {}); break;
        case dodump: set({}, Flag::dont_dump); break;
        case mergeable:
            // KSM takes private memory only, and says nothing about the rest.
            if (takes_ksm(wanted.to.flags)) set(Flag::mergeable, {});
            break;
        case unmergeable: set({}, Flag::mergeable); break;
        case hugepage: set(Flag::huge_page, Flag::no_huge_page); break;
        case nohugepage: set(Flag::no_huge_page, Flag::huge_page); break;
        default: break;  // The others change no attribute.
    }
    return wanted;
}

Errno Reference::refused_advice(std::size_t cell, Advice advice) const {
    const Attributes& area = cells()[cell].attributes;
    if (discards(advice) && may_not_discard(area)) return Errno::eperm;
    const auto einval_if = [](bool refused) { return refused ? Errno::einval : Errno::ok; };
    const bool droppable = area.flags.has(Flag::droppable);
    const bool locked = area.flags.has(Flag::locked);
    using enum Advice;
    switch (advice) {
        case dofork: {
            const bool io_alone = world_->profile->dofork == Dofork::io;
            return einval_if(area.flags.has_any(io_alone ? Flags(Flag::io) : special_flags));
        }
        // Only private anonymous memory can be wiped.
        case wipeonfork: return einval_if(!area.file.none() || area.flags.has(Flag::shared));
        case keeponfork: return einval_if(droppable);
        case dodump: return einval_if(droppable || area.flags.has_any(special_flags));
        // What is taken from memory spares what is locked, most of it.
        case dontneed:
        case cold:
        case pageout: return einval_if(locked || area.flags.has(Flag::pfnmap));
        case dontneed_locked: return einval_if(area.flags.has(Flag::pfnmap));
        // Only private anonymous memory can come back as zeros, at any time.
        case free: return einval_if(locked || !area.file.none());
        case remove:
            if (locked || area.file.none()) return Errno::einval;
            // A hole in the file, which this mapping might as well have overwritten.
            return area.flags.has(Flag::shared | Flag::may_write) ? Errno::ok : Errno::eacces;
        default: return Errno::ok;
    }
}

Reference::Piece Reference::inside_world(PageRange range) const {
    if (range.start.value >= world_->pages.value) return {layout_.count(), layout_.count()};
    const bool beyond = range.end().value > world_->pages.value;
    return {layout_.index(range.start), beyond ? layout_.count() : layout_.index(range.end())};
}

bool Reference::has_hole(PageRange range) const {
    if (range.end().value > world_->pages.value) return true;
    const Piece piece = inside_world(range);
    for (std::size_t cell = piece.start; cell < piece.end; ++cell) {
        if (!mapped(cell)) return true;
    }
    return false;
}

bool Reference::is_free(PageRange range) const {
    return !any_mapped(inside_world(range));
}

}  // namespace vmacheck
