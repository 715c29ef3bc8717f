// The reference's faults and forks (Linux: __anon_vma_prepare() and anon_vma_fork() in mm/rmap.c,
// find_mergeable_anon_vma() in mm/vma.c, dup_mmap() in mm/mmap.c).
#include "model/check_macro.h"
#include "model/reference_walk.h"

namespace vmacheck {

// Page by page, as the accesses happen. The first write to private memory gives the whole area an
// identity, and a stack may grow. A fault never merges.
Errno Reference::run(const Touch& op) {
    const bool beyond = op.range.end().value > world_->pages.value;
    if (op.range.empty()) return Errno::ok;
    if (op.range.start.value >= world_->pages.value) return Errno::efault;
    const bool by_fault = op.through == Through::fault;
    // The processor reads whatever can be accessed at all; get_user_pages() asks for VM_READ.
    Flags needed = by_fault ? access_flags : Flags(Flag::read);
    if (op.access == Access::write) needed = Flag::write;
    const std::size_t end = beyond ? layout_.count() : layout_.index(op.range.end());
    for (std::size_t cell = layout_.index(op.range.start); cell < end; ++cell) {
        if (!mapped(cell) && !(by_fault && expand_stack(cell))) return Errno::efault;
        if (!cells()[cell].attributes.flags.has_any(needed)) return Errno::efault;
        if (!fault_in(cell, op.access == Access::write)) return Errno::efault;
    }
    return beyond ? Errno::efault : Errno::ok;
}

// The fault itself. False where the key of execute-only memory forbids it
// (arch_vma_access_permitted()), at a guard, which is seen first (handle_pte_marker()), and if the
// file ends before the page; then the identity is there all the same. All other keys permit all.
bool Reference::fault_in(std::size_t cell, bool writes) {
    const unsigned pkey = pkey_of(cells()[cell].attributes.flags);
    if (pkey != 0 && pkey == world_->execute_only_pkey()) {
        cases_->hit(CaseKind::refused_pkey);
        return false;
    }
    if (cells()[cell].guard) {
        cases_->hit(CaseKind::refused_guard);
        return false;
    }
    const Attributes& at = cells()[cell].attributes;
    const bool copies = writes && !at.flags.has(Flag::shared);
    if (copies) give_identity(cell);
    return at.file.none() || at.pgoff + layout_.weight(cell).value <= size_of(at.file).value;
}

// anon_vma_prepare(), for the whole area.
void Reference::give_identity(std::size_t cell) {
    if (!world_->profile->fault_identity || !cells()[cell].attributes.fault.none()) return;
    const FaultId identity = choose_identity(cell);
    const std::size_t end = area_end(cell);
    for (std::size_t own = area_start(cell); own < end; ++own) {
        cells()[own].attributes.fault = identity;
    }
}

// Of a file, or of the object behind a shared anonymous mapping, which mremap may leave behind it.
PageCount Reference::size_of(FileId id) const {
    const File* const file = world_->file(id);
    return file != nullptr ? file->pages : objects_[id.value - world_->files.size() - 1].pages;
}

// The identity of the area behind or of the one before, if it may be shared, so that areas that
// differ in their protection only can still merge later; else a new one.
FaultId Reference::choose_identity(std::size_t cell) {
    const std::size_t start = area_start(cell);
    const std::size_t end = area_end(cell);
    if (mapped(end) && may_share_identity(end)) {
        const Attributes& next = cells()[end].attributes;
        if (!next.fault.none() && !next.forked) return next.fault;
    }
    if (start > 0 && mapped(start - 1) && may_share_identity(start)) {
        const Attributes& prev = cells()[start - 1].attributes;
        if (!prev.fault.none() && !prev.forked) return prev.fault;
    }
    return FaultId{++faults_made_};
}

// anon_vma_compatible() for the two areas that meet at `cell`.
bool Reference::may_share_identity(std::size_t cell) const {
    const Attributes& left = cells()[cell - 1].attributes;
    const Attributes& right = cells()[cell].attributes;
    return (left.flags ^ right.flags).without(access_flags | sticky_flags).empty() &&
           left.file == right.file && left.pgoff + layout_.weight(cell - 1).value == right.pgoff &&
           left.policy == right.policy && left.home_node == right.home_node;
}

// The child is a copy, area by area. Nothing is merged there, although areas that the parent could
// not merge may have become equal.
Errno Reference::run(const Fork& op) {
    CHECK(op.child.value < space_count_max);
    if (exists_[op.child.value]) return Errno::eexist;
    const std::vector<Cell>& parent = cells();
    std::vector<Cell>& child = spaces_[op.child.value];
    child.assign(layout_.count(), Cell{});

    Errno error = Errno::ok;
    std::size_t copied = 0;  // The cells below are done.
    while (copied < parent.size() && error == Errno::ok) {
        const std::size_t start = copied;
        const Cell& first = parent[start];
        if (!first.mapped) {
            ++copied;
            continue;
        }
        if (first.attributes.flags.has(Flag::dont_copy)) {
            // It is taken out of what the child begins with.
            const bool fails = !world_->profile->atomic && log_->fails(Stage::clear);
            if (fails) error = Errno::enomem;
            copied = area_end(start);
            continue;
        }
        const bool account = first.attributes.flags.has(Flag::account);
        Attributes inherited = first.attributes;
        if (inherited.flags.has(Flag::wipe_on_fork)) inherited.fault = FaultId{};
        if (account && log_->fails(Stage::charge)) error = Errno::enomem;
        if (error == Errno::ok) error = pass_copy(Stage::allocation, inherited);
        if (error != Errno::ok) break;
        copied = area_end(start);
        copy_area({start, copied}, child);
        call_for_area(HookKind::open, op.child, {start, copied});
    }
    if (error != Errno::ok) {
        // The half-made child is taken apart again.
        for (std::size_t cell = 0; cell < copied; ++cell) {
            if (!child[cell].mapped || inside_area(cell)) continue;
            call_for_area(HookKind::close, op.child, {cell, area_end(cell)});
        }
        return error;
    }
    exists_[op.child.value] = true;
    future_locks_[op.child.value] = {};
    memory_merge_[op.child.value] = memory_merge_[space_.value];
    stray_locked_[op.child.value] = 0;
    heap_end_[op.child.value] = heap_end_[space_.value];
    if (world_->profile->maximal) return Errno::ok;
    space_ = op.child;
    for (std::size_t cell = 1; cell < child.size(); ++cell) {
        if (!mapped(cell) || inside_area(cell) || !mapped(cell - 1)) continue;
        // Locks, userfaultfds or two identities kept the parent's areas apart; a child has none of
        // the former, and one that is wiped has no identities.
        const Seam inherited = child[cell].seam;
        const bool of_parent =
            says_what_differs(inherited) || inherited == Seam::unfaulted_neighbour;
        record_seam(cell, of_parent ? Seam::fork_copies_seams : inherited);
    }
    return Errno::ok;
}

// Each faulted area of the child gets an identity of its own, behind which its parent's pages are
// still found: a chain of two, so it is "forked" (anon_vma_fork()).
void Reference::copy_area(Piece piece, std::vector<Cell>& child) {
    Attributes attributes = cells()[piece.start].attributes;
    const bool wiped = attributes.flags.has(Flag::wipe_on_fork);
    const bool guards = fork_copies_guards(attributes);
    FaultId identity;
    if (!wiped && !attributes.fault.none()) identity.value = ++faults_made_;
    for (std::size_t cell = piece.start; cell < piece.end; ++cell) {
        child[cell] = cells()[cell];
        child[cell].attributes = without_uffd(child[cell].attributes);
        child[cell].attributes.flags = child[cell].attributes.flags.without(locked_flags);
        child[cell].attributes.fault = identity;
        child[cell].attributes.forked = !identity.none();
        child[cell].guard = child[cell].guard && guards;
    }
    child[piece.start].boundary = true;
}

void Reference::call_for_area(HookKind kind, SpaceId space, Piece piece) {
    const FileId file = cells()[piece.start].attributes.file;
    if (!world_->has_close_hook(file)) return;
    const PageRange range = range_between(layout_.start(piece.start), layout_.start(piece.end));
    if (kind == HookKind::open)
        log_->call_open(space, file, range);
    else
        log_->call_close(space, file, range);
}

}  // namespace vmacheck
