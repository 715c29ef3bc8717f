// touch and fork: where fault identities come from.
//
// A first write gives a private area an identity, all of its pages at once. Neither a fault nor a
// fork merges anything, unless the profile is `maximal`.
#include <algorithm>

#include "impl/address_space.h"
#include "impl/bugs.h"
#include "impl/merge_rule.h"

namespace vmacheck::impl {
namespace {

// Whether a child finds the guards that its parent made: a page table that faults can make anew is
// not copied (vma_needs_copy), nor one that is to be wiped.
bool copies_page_table(const Profile& rules, const Attributes& at) {
    if (at.flags.has(Flag::wipe_on_fork)) return false;
    if (at.flags.has(Flag::maybe_guard)) return true;
    return !rules.fault_identity || !at.fault.none();
}

}  // namespace

// The identity of a neighbour, next before prev, if it may serve; or none
// (find_mergeable_anon_vma). Areas that share one can merge later on, when they no longer differ.
FaultId AddressSpace::find_fault_to_share(Cursor vma) const {
    const Vma& found = vmas_.at(vma);
    const Cursor next = vmas_.next(vma);
    if (next != vmas_.end() && can_lend_fault(found, vmas_.at(next), vmas_.at(next))) {
        return vmas_.at(next).attributes.fault;
    }
    const Cursor prev = vmas_.before(vma);
    if (!prev.none() && can_lend_fault(vmas_.at(prev), found, vmas_.at(prev))) {
        return vmas_.at(prev).attributes.fault;
    }
    return FaultId{};
}

Errno AddressSpace::run(Call& call, const Touch& op) {
    const bool faults = op.through == Through::fault;
    const Page end = op.range.end();
    Page done = op.range.start;
    TurnBound turns = bound();
    for (Cursor vma = vmas_.find(done); done < end; vma = vmas_.next(vma)) {
        turns.turn();
        if (vma == vmas_.end()) return Errno::efault;
        if (vmas_.at(vma).start > done) {
            if (!faults) return Errno::efault;
            vma = expand_downwards(call, vma, done);
            if (vma.none()) return Errno::efault;
        }
        const Flags flags = vmas_.at(vma).attributes.flags;
        // A processor that may write or execute a page may read it as well (vma_is_accessible).
        const Flags readable = faults ? access_flags : Flags(Flag::read);
        const Flags needed = op.access == Access::write ? Flags(Flag::write) : readable;
        if (!flags.has_any(needed)) return Errno::efault;
        const PageRange pages = range_between(done, std::min(vmas_.at(vma).end, end));
        if (!fault_in(call, vma, pages, op.access == Access::write)) return Errno::efault;
        done = pages.end();
    }
    return Errno::ok;
}

// An identity for an area that has none.
void AddressSpace::anon_vma_prepare(Call& call, Cursor vma) {
    Vma prepared = vmas_.at(vma);
    if (!call.world.profile->fault_identity || !prepared.attributes.fault.none()) return;
    const FaultId shared = find_fault_to_share(vma);
    prepared.attributes.fault = shared.none() ? call.ledger.new_fault() : shared;
    vmas_.replace(vma, prepared);
}

// Faults for pages of one area, whose flags permit them. False if its key does not, at the first
// guard, and if the file ends before the last page; the identity is there all the same, if any page
// came before the guard.
bool AddressSpace::fault_in(Call& call, Cursor vma, PageRange pages, bool writes) {
    const unsigned reserved = call.world.execute_only_pkey();
    const bool is_reserved = reserved > 0 && pkey_of(vmas_.at(vma).attributes.flags) == reserved;
    if (is_reserved && !BUG(execute_only_memory_is_read)) return false;
    const std::optional<Page> guard = guards_.first_in(pages);
    if (guard && *guard == pages.start) return false;
    const bool copies = writes && !vmas_.at(vma).attributes.flags.has(Flag::shared);
    if (copies) anon_vma_prepare(call, vma);
    if (guard) return false;
    const Vma& touched = vmas_.at(vma);
    // Offsets go up with the pages, so that the last one tells.
    const Page last = pages.end() - PageCount{1};
    const FileId id = touched.attributes.file;
    if (id.none()) return true;
    const File* const file = call.world.file(id);
    const PageCount size = file != nullptr ? file->pages : call.ledger.object_size(id);
    return touched.pgoff_at(last) < size.value;
}

Errno AddressSpace::populate_vma_page_range(Call& call, Cursor vma, PageRange pages) {
    const Flags flags = vmas_.at(vma).attributes.flags;
    if (flags.has(Flag::lock_on_fault)) return Errno::ok;
    if (!flags.has_any(access_flags)) return Errno::efault;
    // A write breaks the sharing of private pages before they are wanted.
    const bool writes = (flags & (Flag::write | Flag::shared)) == Flags(Flag::write);
    return fault_in(call, vma, pages, writes) ? Errno::ok : Errno::efault;
}

// Makes the pages of a range present. What one area cannot do ends it, or is ignored.
Errno AddressSpace::mm_populate(Call& call, PageRange range, bool ignores_errors) {
    for (Cursor vma = vmas_.find(range.start); vma != vmas_.end(); vma = vmas_.next(vma)) {
        const Vma& found = vmas_.at(vma);
        if (found.start >= range.end()) break;
        if (!has_pages(found.attributes.flags)) continue;
        const PageRange pages =
            range_between(std::max(found.start, range.start), std::min(found.end, range.end()));
        const Errno error = populate_vma_page_range(call, vma, pages);
        if (error != Errno::ok && !ignores_errors) return error;
    }
    return Errno::ok;
}

// Every area gets an identity of its own in the child, even those that shared one: what the parent
// can merge again, the child cannot.
Errno AddressSpace::dup_mmap(Call& call, AddressSpace& child) const {
    CHECK(child.vmas_.size() == 0);
    Page copied;
    Errno error = Errno::ok;
    for (Cursor vma = vmas_.first(); vma != vmas_.end(); vma = vmas_.next(vma)) {
        Vma copy = vmas_.at(vma);
        Attributes& attributes = copy.attributes;
        error = Errno::enomem;
        if (attributes.flags.has(Flag::dont_copy)) {
            // It is taken out of the copy of the tree.
            if (!call.atomic() && call.fails(Stage::clear)) break;
            error = Errno::ok;
            continue;
        }
        const bool accounted = attributes.flags.has(Flag::account);
        if (accounted && call.fails(Stage::charge)) break;
        Attributes inherited = attributes;
        if (attributes.flags.has(Flag::wipe_on_fork)) inherited.fault = FaultId{};
        if (fails_to_copy(call, Stage::allocation, inherited)) break;
        error = Errno::ok;

        if (accounted) call.ledger.charge(copy.count());
        if (call.world.has_close_hook(attributes.file)) {
            call.log.call_open(child.id_, attributes.file, copy.range());
        }
        attributes = without_uffd(attributes);
        attributes.flags = attributes.flags.without(locked_flags);
        if (attributes.flags.has(Flag::wipe_on_fork)) attributes.fault = FaultId{};
        attributes.forked = !attributes.fault.none();
        if (attributes.forked) attributes.fault = call.ledger.new_fault();
        if (copies_page_table(*call.world.profile, vmas_.at(vma).attributes)) {
            child.guards_.add_those_of(guards_, copy.range());
        }
        child.insert_vma(call, child.vmas_.end(), copy);
        copied = copy.end;
    }
    if (error != Errno::ok) {
        const bool keeps_copies = BUG(fork_copy_failure_exposes_partial_tree);
        if (!keeps_copies) child.remove_range(call, range_between(Page{0}, copied));
        return error;
    }
    child.brk_ = brk_;
    child.memory_merge_ = memory_merge_ && !BUG(fork_forgets_memory_merge);
    if (call.world.profile->maximal) child.merge_all(call);
    return Errno::ok;
}

}  // namespace vmacheck::impl
