// The reference's mmap and munmap (Linux: do_mmap() in mm/mmap.c, __mmap_region() in mm/vma.c).
#include "model/reference.h"

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
    if (op.reserve == Reserve::noreserve) flags = flags | Flag::noreserve;
    if (op.populate == Populate::locked) flags = flags | Flag::locked;
    return flags;
}

// accountable_mapping(): private and writable, unless the caller renounced the reservation.
bool accountable(Flags flags) {
    return flags.has(Flag::write) && !flags.has_any(Flag::shared | Flag::noreserve);
}

// What the driver and the permissions of a file say before anything is touched.
Errno refusal_of_file(const Mmap& op, const File& file, const Profile& profile) {
    if (file.driver.close && !profile.close_hooks) return Errno::declined;
    if (file.driver.mmap_prepare && !profile.prepare_hooks) return Errno::declined;
    if (op.backing.offset + op.range.count.value > file_pages_max) return Errno::eoverflow;
    if (op.sharing == Sharing::is_shared && op.prot.flags.has(Flag::write) && file.read_only) {
        return Errno::eacces;
    }
    // can_mmap_file(): exactly one of the two hooks.
    return file.driver.mmap == file.driver.mmap_prepare ? Errno::enodev : Errno::ok;
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
    const Flags flags = flags_of(op, file) | future_locks_[space_.value];
    if (const Errno error = refusal_of_lock(op, flags); error != Errno::ok) return error;
    if (file != nullptr) {
        const Errno error = refusal_of_file(op, *file, *world_->profile);
        if (error != Errno::ok) return error;
    }
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
    const bool anonymous = file == nullptr && op.sharing == Sharing::is_private;

    if (const Errno error = cut_out(piece); error != Errno::ok) return error;
    if (accountable(flags)) {
        const bool charges = op.range.count != accounted_pages(piece);
        if (charges && log_->fails(Stage::charge)) return Errno::enomem;
        flags = flags | Flag::account;
    }
    if (!keep_old) erase(piece);

    Attributes first;
    first.pgoff = op.backing.offset;
    first.flags = flags;
    first.file = op.backing.file;
    if (anonymous) first.pgoff = op.range.start.value;
    if (file != nullptr && file->driver.mmap_prepare) {
        const Errno error = log_->call_mmap_prepare(space_, op.range, first);
        if (error != Errno::ok) return error;
    }
    // PR_SET_MEMORY_MERGE: an mmap hook may change what KSM wants to know, so the flag waits for
    // it; or it always comes when the merge has been tried.
    const bool dedupable = world_->memory_merge && !flags.has_any(Flag::shared | Flag::may_share);
    const bool early = world_->profile->ksm_flag == KsmFlag::early &&
                       (file == nullptr || file->driver.mmap_prepare || world_->profile->maximal);
    if (dedupable && early) first.flags = first.flags | Flag::mergeable;
    if (file == nullptr && !anonymous) {
        objects_.push_back({op.range.count, op.reserve == Reserve::reserve});
        first.pgoff = 0;
        first.file.value = static_cast<std::uint32_t>(world_->files.size() + objects_.size());
    }

    Fit fit = fit_of_new_range(piece, first);
    const bool fits = fit.left == Refusal::none || fit.right == Refusal::none;
    // Failing for memory is no error here: mmap makes an area instead of merging.
    fit.memory_failed = fits && !world_->profile->atomic && log_->fails(Stage::merge);
    if (!fits || fit.memory_failed) {
        if (log_->fails(Stage::allocation)) return Errno::enomem;
        if (file != nullptr && file->driver.mmap) {
            const Errno error = log_->call_mmap(space_, op.range, first);
            if (error != Errno::ok) return error;
        }
        if (file == nullptr && !anonymous && log_->fails(Stage::shmem)) return Errno::enomem;
        if (dedupable && !early) first.flags = first.flags | Flag::mergeable;
    }

    if (keep_old) erase(piece);
    join_new_range(piece, first, fit);
    return Errno::ok;
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

// Writes the new pages and closes the seams that fit.
//
//     pages   01234567        both fit     AAAAAAAA
//     before  AA....BB   ->   left only    AAAAAABB
//             new: 2+4        right only   AABBBBBB
void Reference::join_new_range(Piece piece, const Attributes& first, const Fit& fit) {
    const bool join_left = fit.left == Refusal::none && !fit.memory_failed;
    const bool join_right = fit.right == Refusal::none && !fit.memory_failed;
    if (fit.memory_failed)
        cases_.hit(CaseKind::refused_memory);
    else if (join_left && join_right)
        cases_.hit(CaseKind::merge_both);
    else if (join_left)
        cases_.hit(CaseKind::merge_left);
    else if (join_right)
        cases_.hit(CaseKind::merge_right);

    write_pages(piece, first);
    if (join_left) join(piece.start);
    if (join_right) join(piece.end);
    // A seam that fits all the same has flags that came after the merge was tried.
    const Seam seam = fit.memory_failed ? Seam::merge_out_of_memory : Seam::flags_after_merge;
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
    if (!any_mapped(piece)) return Errno::ok;
    if (const Errno error = cut_out(piece); error != Errno::ok) return error;
    erase(piece);
    return Errno::ok;
}

}  // namespace vmacheck
