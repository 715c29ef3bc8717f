// The reference's mmap and munmap (Linux: do_mmap() in mm/mmap.c, __mmap_region() in mm/vma.c).
#include "model/reference_walk.h"

namespace vmacheck {
namespace {

// calc_vm_prot_bits() and the switch over MAP_TYPE in do_mmap().
Flags flags_of(const Mmap& op, const File* file) {
    Flags flags = op.prot.flags | may_access_flags;
    if (op.sharing == Sharing::is_shared) {
        flags = flags | Flag::shared | Flag::may_share;
        // A file that was opened for reading only can never be written through this mapping.
        if (file != nullptr && file->read_only) {
            flags = flags.without(Flag::shared | Flag::may_write);
        }
    }
    if (op.sharing == Sharing::droppable) {
        flags = flags | Flag::droppable | Flag::noreserve | Flag::wipe_on_fork | Flag::dont_dump;
    }
    if (op.reserve == Reserve::noreserve) flags = flags | Flag::noreserve;
    if (op.populate == Populate::locked) flags = flags | Flag::locked;
    if (op.stack == StackKind::grows_down) flags = flags | Flag::grows_down;
    if (op.stack == StackKind::stack) flags = flags | Flag::no_huge_page;
    return flags;
}

// accountable_mapping(): private and writable, unless the caller renounced the reservation.
bool accountable(Flags flags) {
    return flags.has(Flag::write) && !flags.has_any(Flag::shared | Flag::noreserve);
}

// What the driver and the permissions of a file say before anything is touched; null is the object
// behind shared anonymous memory, mapped once more.
Errno refusal_of_file(const Mmap& op, const World& world) {
    const File* const file = world.file(op.backing.file);
    const Driver driver = file == nullptr ? usual_driver(*world.profile) : file->driver;
    if (!world.knows_hooks(op.backing.file)) return Errno::declined;
    if (op.backing.offset + op.range.count.value > file_pages_max) return Errno::eoverflow;
    if (op.sharing == Sharing::droppable) return Errno::einval;
    const bool read_only = file != nullptr && file->read_only;
    if (op.sharing == Sharing::is_shared && op.prot.flags.has(Flag::write) && read_only) {
        return Errno::eacces;
    }
    // can_mmap_file(): exactly one of the two hooks.
    if (driver.mmap == driver.mmap_prepare) return Errno::enodev;
    return op.stack == StackKind::grows_down ? Errno::einval : Errno::ok;
}

// The same for memory without a file.
Errno refusal_of_anonymous(const Mmap& op) {
    const bool grows = op.stack == StackKind::grows_down;
    if (op.sharing == Sharing::is_private) return Errno::ok;
    if (grows) return Errno::einval;
    const bool locked = op.populate == Populate::locked;
    return op.sharing == Sharing::droppable && locked ? Errno::einval : Errno::ok;
}

}  // namespace

Errno Reference::run(const Mmap& op) {
    if (op.range.empty()) return Errno::einval;
    // '>' and not '>=': one area more than the limit can be made here.
    if (world_->profile->count_limit && map_count() > world_->max_map_count) {
        return Errno::enomem;
    }
    if (op.range.end().value > world_->pages.value) return Errno::enomem;
    const Piece piece{layout_.index(op.range.start), layout_.index(op.range.end())};
    if (op.placement != Placement::fixed && any_mapped(piece)) return Errno::eexist;
    const File* const file = world_->file(op.backing.file);
    Flags flags = flags_of(op, file) | future_locks_[space_.value];
    // do_mmap() asks for the key of execute-only memory.
    if (op.prot.flags == Flags(Flag::exec))
        flags = flags | flags_of_pkey(world_->execute_only_pkey());
    if (const Errno error = refusal_of_lock(op, flags); error != Errno::ok) return error;
    const Errno refusal =
        op.backing.file.none() ? refusal_of_anonymous(op) : refusal_of_file(op, *world_);
    if (refusal != Errno::ok) return refusal;
    const Errno error = mmap_region(op, piece, flags);
    // What cannot be made present is no matter of mmap.
    const bool present = flags.has(Flag::locked) || op.populate == Populate::populate;
    if (error == Errno::ok && present) populate_all(piece);
    return error;
}

// can_do_mlock() and mlock_future_ok() in do_mmap().
Errno Reference::refusal_of_lock(const Mmap& op, Flags flags) const {
    if (op.populate == Populate::locked && world_->memlock == 0) return Errno::eperm;
    if (!flags.has(Flag::locked)) return Errno::ok;
    return locked_vm() + op.range.count.value > world_->memlock ? Errno::eagain : Errno::ok;
}

// In the order of __mmap_region(): old areas are cut out (S1), the charge is made (S3), and from
// then on the old pages are lost (S4), whatever happens to the new ones. Profile `canonical` keeps
// them until nothing can fail any more.
Errno Reference::mmap_region(const Mmap& op, Piece piece, Flags flags) {
    const bool keep_old = world_->profile->atomic;
    const File* const file = world_->file(op.backing.file);
    const bool shared = op.sharing == Sharing::is_shared;
    const bool anonymous = op.backing.file.none() && !shared;

    // mapping_map_writable(), before anything is changed.
    const bool writes_file = !op.backing.file.none() && flags.has(Flag::shared | Flag::may_write);
    if (writes_file && log_->fails(Stage::writable)) return Errno::eperm;
    if (const Errno error = cut_out(piece); error != Errno::ok) return error;
    if (!may_expand(flags, op.range.count - mapped_pages(piece))) return Errno::enomem;
    if (accountable(flags)) {
        const bool charges = op.range.count != accounted_pages(piece);
        if (charges && log_->fails(Stage::charge)) return Errno::enomem;
        flags = flags | Flag::account;
    }
    PageCount kept;  // Of its charge, if it fails from here on.
    if (world_->profile->replaced_charge == FailedCharge::kept) kept = accounted_pages(piece);
    if (!keep_old) erase(piece);

    Attributes first;
    first.pgoff = op.backing.offset;
    first.flags = flags;
    first.file = op.backing.file;
    if (anonymous) first.pgoff = op.range.start.value;
    if (file != nullptr && file->driver.mmap_prepare) {
        const Errno error = log_->call_mmap_prepare(space_, op.range, first);
        const bool keeps_all = world_->profile->prepare_charge == FailedCharge::kept;
        if (error != Errno::ok) keep_charge(first, keeps_all ? op.range.count : kept);
        if (error != Errno::ok) return error;
        first = after_hook(first);
    }
    const Errno error = map_prepared(op, piece, first);
    if (error != Errno::ok) keep_charge(first, kept);
    return error;
}

// What a failed mmap has charged for, or has taken over from what it replaced, and does not give
// back.
void Reference::keep_charge(const Attributes& first, PageCount pages) {
    const bool charged = first.flags.has(Flag::account) && !world_->profile->atomic;
    if (charged) stray_committed_ += pages.value;
}

// The first page of an area to come, when the hook of its file has been called.
Attributes Reference::after_hook(Attributes first) const {
    const Driver driver = world_->file(first.file)->driver;
    first.flags = first.flags | hook_flags(driver);
    if (driver.set_pgoff) first.pgoff = 0;
    first.file = world_->file_after_hook(first.file);
    return first;
}

// The second half, behind the hook `mmap_prepare`: a merge, or an area of its own.
Errno Reference::map_prepared(const Mmap& op, Piece piece, Attributes first) {
    const bool keep_old = world_->profile->atomic;
    const File* const file = world_->file(op.backing.file);
    const bool new_object = op.backing.file.none() && op.sharing == Sharing::is_shared;
    const bool has_mmap_hook = file != nullptr && file->driver.mmap;
    // What the mmap hook will make of it; too late for the merge, but for a profile `maximal`.
    const Attributes asked = first;
    const Attributes hooked = has_mmap_hook ? after_hook(first) : first;
    if (world_->profile->maximal) first = hooked;
    // PR_SET_MEMORY_MERGE: an mmap hook may change what KSM wants to know, so the flag waits for
    // it; or it always comes when the merge has been tried.
    const bool dedupable = memory_merge_[space_.value] && takes_ksm(hooked.flags);
    const bool early =
        world_->profile->ksm_flag == KsmFlag::early && (!has_mmap_hook || world_->profile->maximal);
    if (dedupable && early) first.flags = first.flags | Flag::mergeable;
    if (new_object) {
        objects_.push_back({op.range.count, op.reserve == Reserve::reserve});
        first.pgoff = 0;
        first.file.value = static_cast<std::uint32_t>(world_->files.size() + objects_.size());
    }

    // What is droppable or special is not locked, whatever mlockall asked for; but that is seen
    // only when the area is there (vma_supports_mlock() in __mmap_complete()).
    const bool unlocks =
        hooked.flags.has(Flag::locked) && hooked.flags.has_any(special_flags | Flag::droppable);
    if (unlocks && world_->profile->maximal) first.flags = first.flags.without(locked_flags);
    Fit fit = fit_of_new_range(piece, first);
    const bool fits = fit.left == Refusal::none || fit.right == Refusal::none;
    // Failing for memory is no error here: mmap makes an area instead of merging.
    fit.memory_failed = fits && !world_->profile->atomic && lacks_memory(piece, first, fit);
    const bool merges = fits && !fit.memory_failed;
    if (!merges) {
        if (log_->fails(Stage::allocation)) return Errno::enomem;
        if (has_mmap_hook) {
            const Errno error = log_->call_mmap(space_, op.range, asked);
            if (error != Errno::ok) return error;
            const bool changes = hooked.flags != asked.flags;
            if (changes && world_->profile->second_merge && !hooked.flags.has_any(special_flags)) {
                merge_after_hook(piece, asked, fit, dedupable);
                return Errno::ok;
            }
            const bool elsewhere = hooked.file != first.file || hooked.pgoff != first.pgoff;
            if (elsewhere) fit.left = fit.right = Refusal::no_neighbour;
            first.file = hooked.file;
            first.pgoff = hooked.pgoff;
            first.flags = first.flags | hooked.flags;
        }
        if (new_object && log_->fails(Stage::shmem)) return Errno::enomem;
        if (dedupable && !early) first.flags = first.flags | Flag::mergeable;
    }
    const bool set_file =
        file != nullptr && file->driver.mmap_prepare && asked.file != op.backing.file;
    if (merges && set_file) count_merge_of_set_file(asked.file);
    if (unlocks && !merges) first.flags = first.flags.without(locked_flags);

    if (keep_old) erase(piece);
    join_new_range(piece, first, fit,
                   unlocks ? Seam::unlocked_after_merge : Seam::flags_after_merge);
    return Errno::ok;
}

// The range is of a file that mmap_prepare brought a reference to, and needs none.
void Reference::count_merge_of_set_file(FileId file) {
    cases_->hit(CaseKind::merge_set_file);
    const bool kept = world_->profile->set_file == SpareReference::kept && !world_->profile->atomic;
    if (kept) stray_references_[file.value - 1] += 1;
}

// The hook has changed flags, and with the new ones the piece may fit where it did not before
// (__mmap_region() of mm/mmap.c in 6.12.117, of mm/vma.c from 6.13 to 6.15). `asked` is what the
// hook was shown, and `fit` what was found before it.
void Reference::merge_after_hook(Piece piece, const Attributes& asked, Fit fit, bool dedupable) {
    if (fit.memory_failed) cases_->hit(CaseKind::refused_memory);
    const Attributes hooked = after_hook(asked);
    if (world_->profile->second_merge_of == SecondMerge::existing_range) {
        write_pages(piece, hooked);
        Change merge;
        merge.to = hooked;
        merge.may_stay_apart = true;
        const Errno error = change(piece, merge);
        CHECK(error == Errno::ok);
        // KSM has marked the area before, and the merge takes no notice of that.
        const bool alone = !inside_area(piece.start) && !inside_area(piece.end);
        if (!alone) cases_->hit(CaseKind::merge_after_hook);
        if (dedupable && alone) mark_mergeable(piece.start);
        return;
    }
    // As it was asked for, but for the flags. Only an area of its own has all that the hook set.
    Attributes again = asked;
    again.flags = hooked.flags;
    fit = Fit{Refusal::no_neighbour, Refusal::no_neighbour, false};
    if (any_mapped({0, piece.start})) fit = fit_of_new_range(piece, again);
    const bool fits = fit.left == Refusal::none || fit.right == Refusal::none;
    fit.memory_failed = fits && lacks_memory(piece, again, fit);
    const bool merges = fits && !fit.memory_failed;
    if (merges) cases_->hit(CaseKind::merge_after_hook);
    const bool elsewhere = hooked.file != again.file || hooked.pgoff != again.pgoff;
    if (!merges && elsewhere) fit.left = fit.right = Refusal::no_neighbour;
    join_new_range(piece, merges ? again : hooked, fit);
    // KSM marks what has come of it, and that is all of the area.
    if (dedupable) mark_mergeable(piece.start);
}

// ksm_add_vma() on the whole area of a cell, when the merge is over.
void Reference::mark_mergeable(std::size_t cell) {
    const std::size_t start = area_start(cell);
    const std::size_t end = area_end(cell);
    for (std::size_t own = start; own < end; ++own) {
        Flags& flags = cells()[own].attributes.flags;
        flags = flags | Flag::mergeable;
    }
    reconsider_seam(start, Seam::flags_after_merge);
    reconsider_seam(end, Seam::flags_after_merge);
}

// Whether a new range with these attributes goes into the areas beside it (vma_merge_new_range(),
// up to the point where memory is needed).
Reference::Fit Reference::fit_of_new_range(Piece piece, const Attributes& first, Extends extends) {
    Fit fit{refusal_before(piece, first), refusal_behind(piece, first), false};
    // Nobody asks the area that grows whether it is forked.
    const bool unasked = extends == Extends::prev && first.forked;
    if (unasked && fit.right == Refusal::forked) {
        fit.right = compare_range(Refusal::none, first, cells()[piece.end].attributes);
    }
    if (fit.left == Refusal::none && fit.right == Refusal::none) {
        const Attributes& prev = cells()[piece.start - 1].attributes;
        const Attributes& next = cells()[piece.end].attributes;
        // Both fit the range, but not each other: only the left one is taken.
        const bool agree = prev.fault.none() || next.fault.none() || prev.fault == next.fault;
        // The area behind would go, and its close hook keeps it.
        if (!agree)
            fit.right = Refusal::three_way;
        else if (world_->has_close_hook(next.file))
            fit.right = Refusal::close;
    }
    count_refusal(fit.left);
    count_refusal(fit.right);
    return fit;
}

Reference::Refusal Reference::refusal_before(Piece piece, const Attributes& first) const {
    if (piece.start == 0 || !mapped(piece.start - 1)) return Refusal::no_neighbour;
    const Attributes& prev = cells()[piece.start - 1].attributes;
    return compare_range(compare(prev, layout_.weight(piece.start - 1), first), first, prev);
}

Reference::Refusal Reference::refusal_behind(Piece piece, const Attributes& first) const {
    if (!mapped(piece.end)) return Refusal::no_neighbour;
    const Attributes& next = cells()[piece.end].attributes;
    return compare_range(compare(last_page_of(piece, first), PageCount{1}, next), first, next);
}

bool Reference::lacks_memory(Piece piece, const Attributes& first, const Fit& fit) {
    return merge_memory(piece, first, fit.left == Refusal::none, fit.right == Refusal::none) !=
           Errno::ok;
}

// Writes the new pages and closes the seams that fit.
//
//     pages   01234567        both fit     AAAAAAAA
//     before  AA....BB   ->   left only    AAAAAABB
//             new: 2+4        right only   AABBBBBB
void Reference::join_new_range(Piece piece, const Attributes& first, const Fit& fit,
                               Seam after_merge) {
    const bool join_left = fit.left == Refusal::none && !fit.memory_failed;
    const bool join_right = fit.right == Refusal::none && !fit.memory_failed;
    if (fit.memory_failed)
        cases_->hit(CaseKind::refused_memory);
    else if (join_left && join_right)
        cases_->hit(CaseKind::merge_both);
    else if (join_left)
        cases_->hit(CaseKind::merge_left);
    else if (join_right)
        cases_->hit(CaseKind::merge_right);

    write_pages(piece, first);
    if (join_left) join(piece.start);
    if (join_right) join(piece.end);
    // A seam that fits all the same has flags that came after the merge was tried.
    const Seam seam = fit.memory_failed ? Seam::merge_out_of_memory : after_merge;
    const auto seam_for = [&](Refusal refusal) {
        return seam_of(refusal) == Seam::none ? seam : seam_of(refusal);
    };
    if (!join_left) record_seam(piece.start, seam_for(fit.left));
    if (!join_right) record_seam(piece.end, seam_for(fit.right));
    if (fit.right == Refusal::three_way) record_three_way(piece.end);
}

// Maps the cells of a piece as one area of its own; `first` is its first page.
void Reference::write_pages(Piece piece, Attributes first) {
    const Page start = layout_.start(piece.start);
    for (std::size_t cell = piece.start; cell < piece.end; ++cell) {
        Attributes attributes = first;
        attributes.pgoff += (layout_.start(cell) - start).value;
        cells()[cell] = Cell{attributes, true, cell == piece.start, Seam::none};
    }
    if (mapped(piece.end)) cells()[piece.end].boundary = true;
}

bool Reference::any_mapped(Piece piece) const {
    for (std::size_t cell = piece.start; cell < piece.end; ++cell) {
        if (mapped(cell)) return true;
    }
    return false;
}

PageCount Reference::mapped_pages(Piece piece) const {
    PageCount pages;
    for (std::size_t cell = piece.start; cell < piece.end; ++cell) {
        if (mapped(cell)) pages += layout_.weight(cell);
    }
    return pages;
}

PageCount Reference::accounted_pages(Piece piece) const {
    PageCount pages;
    for (std::size_t cell = piece.start; cell < piece.end; ++cell) {
        if (mapped(cell) && cells()[cell].attributes.flags.has(Flag::account)) {
            pages += layout_.weight(cell);
        }
    }
    return pages;
}

Attributes Reference::last_page_of(Piece piece, Attributes first) const {
    first.pgoff += (layout_.start(piece.end) - layout_.start(piece.start)).value - 1;
    return first;
}

Errno Reference::run(const Munmap& op) {
    if (op.range.empty() || op.range.end().value > world_->pages.value) return Errno::einval;
    const Piece piece{layout_.index(op.range.start), layout_.index(op.range.end())};
    return any_mapped(piece) ? unmap(piece) : Errno::ok;
}

}  // namespace vmacheck
