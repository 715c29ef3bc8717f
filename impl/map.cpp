// mmap: what is in the way goes (impl/munmap.cpp), and the new range comes.
//
// In a profile that is not `atomic` the two are apart: a failure behind the point where old areas
// go leaves the gap, and a failure before it leaves the splits. In an `atomic` one every stage is
// passed first, and then everything happens at once.
#include <algorithm>

#include "impl/address_space.h"
#include "impl/bugs.h"

namespace vmacheck::impl {
namespace {

Flags flags_of(const Mmap& op, bool read_only_file) {
    Flags flags = op.prot.flags | may_access_flags;
    if (op.sharing == Sharing::is_shared) {
        flags = flags | Flag::shared | Flag::may_share;
        if (read_only_file) flags = flags.without(Flag::may_write | Flag::shared);
    }
    const Flags of_droppable =
        Flag::droppable | Flag::noreserve | Flag::wipe_on_fork | Flag::dont_dump;
    if (op.sharing == Sharing::droppable) flags = flags | of_droppable;
    if (op.reserve == Reserve::noreserve) flags = flags | Flag::noreserve;
    if (op.populate == Populate::locked) flags = flags | Flag::locked;
    switch (op.stack) {
        case StackKind::none: break;
        case StackKind::grows_down: return flags | Flag::grows_down;
        case StackKind::stack: return flags | Flag::no_huge_page;
    }
    return flags;
}

// What do_mmap() has against a mapping without a file.
Errno check_anonymous(const Mmap& op) {
    const bool grows = op.stack == StackKind::grows_down;
    switch (op.sharing) {
        case Sharing::is_private: break;
        case Sharing::is_shared: return grows ? Errno::einval : Errno::ok;
        case Sharing::droppable:
            return grows || op.populate == Populate::locked ? Errno::einval : Errno::ok;
    }
    return Errno::ok;
}

// What do_mmap() has against a mapping of a file.
Errno check_file(const World& world, const Mmap& op) {
    static const File object{};  // Behind shared anonymous memory: nothing is special about it.
    const File* const named = world.file(op.backing.file);
    const File& file = named == nullptr ? object : *named;
    if (!world.knows_hooks(op.backing.file)) return Errno::declined;
    if (op.range.count.value > file_pages_max) return Errno::eoverflow;
    if (op.backing.offset > file_pages_max - op.range.count.value) return Errno::eoverflow;
    if (op.sharing == Sharing::droppable) return Errno::einval;
    if (op.sharing == Sharing::is_shared && op.prot.flags.has(Flag::write) && file.read_only) {
        return Errno::eacces;
    }
    const bool has_hook = named == nullptr || file.driver.mmap != file.driver.mmap_prepare;
    if (!has_hook) return Errno::enodev;
    return op.stack == StackKind::grows_down ? Errno::einval : Errno::ok;
}

// Private writable memory is charged to the commit limit (accountable_mapping).
bool is_accountable(Flags flags) {
    return (flags & (Flag::noreserve | Flag::shared | Flag::write)) == Flags(Flag::write);
}

// Whether the default flag of PR_SET_MEMORY_MERGE comes before the merge is tried. A driver's mmap
// hook may have its own mind about flags, so that Linux waits for it (can_set_ksm_flags_early).
// Before there was that function, the flag was put on finished areas (ksm_add_vma).
bool default_flag_comes_early(const World& world, const AddressSpace::MapRequest& map) {
    if (world.profile->ksm_flag == KsmFlag::late || BUG(default_flag_set_after_merge_check)) {
        return false;
    }
    return world.profile->maximal || map.vma.attributes.file.none() || map.driver.mmap_prepare;
}

// What the hook of its file makes of the first page of an area to come.
void run_hook(const World& world, Attributes& attributes) {
    const File* const file = world.file(attributes.file);
    CHECK(file != nullptr);
    const Driver driver = file->driver;
    attributes.flags = attributes.flags | hook_flags(driver);
    if (driver.set_pgoff) attributes.pgoff = 0;
    if (driver.set_file) attributes.file = world.file_after_hook(attributes.file);
}

// Droppable and special memory is not locked, whatever mlockall asked for.
void unlock_unlockable(Flags& flags) {
    if (!supports_mlock(flags)) flags = flags.without(locked_flags);
}

}  // namespace

// Mmap.

Errno AddressSpace::check_map(const Call& call, const Mmap& op) const {
    const World& world = call.world;
    if (op.range.empty()) return Errno::einval;
    if (world.profile->count_limit && counters_.map_count > world.max_map_count) {
        return Errno::enomem;
    }
    if (op.range.end().value > world.pages.value) return Errno::enomem;
    if (op.placement != Placement::fixed && any_mapped(op.range)) return Errno::eexist;
    const Errno locking = check_lock(call, op, flags_of(op, false) | def_flags_);
    if (locking != Errno::ok) return locking;
    return op.backing.file.none() ? check_anonymous(op) : check_file(world, op);
}

Errno AddressSpace::run(Call& call, const Mmap& op) {
    const Errno error = check_map(call, op);
    if (error != Errno::ok) return error;

    const File* const file = call.world.file(op.backing.file);
    const bool anonymous = op.backing.file.none();
    const bool shared = op.sharing == Sharing::is_shared;
    MapRequest map{};
    map.vma.start = op.range.start;
    map.vma.end = op.range.end();
    map.vma.attributes.flags = flags_of(op, file != nullptr && file->read_only) | def_flags_;
    if (op.prot.flags == Flags(Flag::exec)) {
        const Flags reserved = flags_of_pkey(call.world.execute_only_pkey());
        map.vma.attributes.flags = map.vma.attributes.flags | reserved;
    }
    map.vma.attributes.file = op.backing.file;
    map.vma.attributes.pgoff = !anonymous ? op.backing.offset : shared ? 0 : op.range.start.value;
    map.driver = file == nullptr ? Driver{} : file->driver;
    map.shared_anonymous = anonymous && shared;
    const bool present =
        op.populate == Populate::populate || map.vma.attributes.flags.has(Flag::locked);
    // Who may write to the file is asked before anything is changed, and who does so counts as an
    // area until the mapping is made (mapping_map_writable).
    const Flags flags = map.vma.attributes.flags;
    const bool writes_file =
        !anonymous && (flags.has(Flag::shared | Flag::may_write) ||
                       (flags.has(Flag::may_share) && BUG(seal_check_lost_when_reordered)));
    if (writes_file && call.fails(Stage::writable)) return Errno::eperm;
    if (writes_file) call.ledger.map_writable(op.backing.file);
    const Errno mapped = call.atomic() ? mmap_region_atomic(call, map) : mmap_region(call, map);
    if (writes_file && (mapped == Errno::ok || !BUG(writable_count_leak)))
        call.ledger.unmap_writable(op.backing.file);
    if (mapped != Errno::ok || !present) return mapped;
    // Not mmap's failure.
    const Errno ignored = mm_populate(call, op.range, true);
    static_cast<void>(ignored);
    return Errno::ok;
}

PageCount AddressSpace::mapped_pages(PageRange range) const {
    PageCount pages;
    for (Cursor vma = vmas_.find(range.start); vma != vmas_.end(); vma = vmas_.next(vma)) {
        const Vma& found = vmas_.at(vma);
        if (found.start >= range.end()) break;
        pages += std::min(found.end, range.end()) - std::max(found.start, range.start);
    }
    return pages;
}

PageCount AddressSpace::accounted_pages(PageRange range) const {
    PageCount pages;
    for (Cursor vma = vmas_.find(range.start); vma != vmas_.end(); vma = vmas_.next(vma)) {
        const Vma& found = vmas_.at(vma);
        if (found.start >= range.end()) break;
        if (!found.attributes.flags.has(Flag::account)) continue;
        pages += std::min(found.end, range.end()) - std::max(found.start, range.start);
    }
    return pages;
}

// What a mapping of `range` removes: just that.
PageRange AddressSpace::range_to_remove(PageRange range) const {
    const Cursor last = vmas_.find(range.end());
    if (last != vmas_.end() && vmas_.at(last).cut_by(range.end()) &&
        BUG(map_over_partial_overlap_drops_remainder)) {
        return range_between(range.start, vmas_.at(last).end);
    }
    return range;
}

Errno AddressSpace::mmap_region(Call& call, MapRequest& map) {
    CHECK(!call.atomic());
    Attributes& attributes = map.vma.attributes;
    const PageRange removed = range_to_remove(map.vma.range());
    const bool replaces = any_mapped(removed);
    if (replaces) {
        const Errno error = gather_range(call, removed);
        if (error != Errno::ok) return error;
    }

    // Only what is more than the old pages counts against the limits, and only what is not charged
    // yet for them is asked for.
    const PageCount added = map.vma.count() - mapped_pages(map.vma.range());
    if (!may_expand_vm(call, attributes.flags, added)) return Errno::enomem;
    const bool accountable = is_accountable(attributes.flags);
    const bool asks = accountable && map.vma.count() != accounted_pages(map.vma.range());
    const bool asks_late = asks && replaces && BUG(late_failure_after_driver_hook);
    if (asks && !asks_late && call.fails(Stage::charge)) return Errno::enomem;

    // The point of no return: from here on an error leaves a gap.
    const PageCount replaced = accounted_pages(removed);
    if (replaces) remove_range(call, removed);
    if (asks_late && call.fails(Stage::charge)) return Errno::enomem;
    if (accountable) {
        attributes.flags = attributes.flags | Flag::account;
        call.ledger.charge(map.vma.count());
    }
    const Profile& rules = *call.world.profile;
    const Errno refused = prepare_map(call, map);
    const Errno error = refused != Errno::ok ? refused : map_into_gap(call, map);
    if (error == Errno::ok) return Errno::ok;
    // Where the kernel forgets a charge on its way back.
    PageCount forgotten;
    if (rules.replaced_charge == FailedCharge::kept) forgotten = replaced;
    const bool forgets_all = rules.prepare_charge == FailedCharge::kept;
    if (refused != Errno::ok && forgets_all) forgotten = map.vma.count();
    if (accountable) call.ledger.charge_for_good(forgotten);
    if (accountable || BUG(uncharges_what_was_never_charged)) call.ledger.uncharge(map.vma.count());
    if (replaces && BUG(error_path_returns_zero)) return Errno::ok;
    return error;
}

// The pages are free and charged.
Errno AddressSpace::map_into_gap(Call& call, MapRequest& map) {
    Attributes& attributes = map.vma.attributes;
    const FileId set_file = attributes.file == map.asked.file ? FileId{} : attributes.file;
    Vma tried = map.vma;
    if (BUG(driver_adds_flag_after_merge_compare)) tried.attributes.flags = map.asked.flags;
    if (!vma_merge_new_range(call, tried).none()) {
        const bool kept = call.world.profile->set_file == SpareReference::kept;
        if (!set_file.none() && kept) call.ledger.get_file_for_good(set_file);
        return Errno::ok;
    }

    const Flags before_hook = attributes.flags;
    const Errno error = make_vma(call, map);
    const bool failed = error != Errno::ok;
    if (failed && !set_file.none() && BUG(set_file_leaks_on_failure))
        call.ledger.get_file(set_file);
    if (failed) return error;
    const bool retries = call.world.profile->second_merge && map.driver.mmap &&
                         attributes.flags != before_hook &&
                         !attributes.flags.has_any(special_flags);
    if (retries) {
        merge_after_hook(call, map);
        return Errno::ok;
    }
    set_default_flag(attributes.flags);
    // Seen too late for the merge (vma_supports_mlock in __mmap_complete). No area that it could
    // have merged with is locked either.
    unlock_unlockable(attributes.flags);
    insert_vma(call, vmas_.find(map.vma.start), map.vma);
    return Errno::ok;
}

// The hook mmap changed flags, with which the area may fit where it did not before.
//
// As an existing range it is in the list when that is tried. KSM has marked it by then, unless it
// merges; here it is marked afterwards. As a new range it comes only if the merge fails, which has
// the file and the offset that were asked for; and KSM marks whatever has come of it.
void AddressSpace::merge_after_hook(Call& call, const MapRequest& map) {
    const Vma& vma = map.vma;
    Cursor merged;
    if (call.world.profile->second_merge_of == SecondMerge::existing_range) {
        const Cursor middle = insert_vma(call, vmas_.find(vma.start), vma);
        const Outcome outcome = vma_modify(call, vmas_.before(middle), middle, vma.range(),
                                           vma.attributes, MergeOom::gives_up);
        CHECK(outcome.error == Errno::ok);
        merged = outcome.vma;
        if (vmas_.at(merged).range() != vma.range()) return;
    } else {
        Vma asked = vma;
        asked.attributes.file = map.asked.file;
        asked.attributes.pgoff = map.asked.pgoff;
        if (!vmas_.before(vmas_.find(vma.start)).none()) merged = vma_merge_new_range(call, asked);
        // The area that the hook saw has a reference to its file, and goes.
        if (!merged.none()) {
            const bool wrong = BUG(puts_original_file_after_hook_swapped_it);
            call.ledger.get_file(vma.attributes.file);
            call.ledger.put_file(wrong ? map.asked.file : vma.attributes.file);
        }
        if (merged.none()) merged = insert_vma(call, vmas_.find(vma.start), vma);
    }
    Attributes marked = vmas_.at(merged).attributes;
    set_default_flag(marked.flags);
    set_attributes(merged, marked);
}

// PR_SET_MEMORY_MERGE.
void AddressSpace::set_default_flag(Flags& flags) const {
    if (memory_merge_ && ksm_compatible(flags)) flags = flags | Flag::mergeable;
}

// The last that is decided before a merge is tried.
Errno AddressSpace::prepare_map(Call& call, MapRequest& map) const {
    Attributes& attributes = map.vma.attributes;
    map.asked = attributes;
    if (map.driver.mmap_prepare) {
        const Errno error = call.log.call_mmap_prepare(id_, map.vma.range(), attributes);
        if (error != Errno::ok) return error;
    }
    // The other hook comes later, but there a merge takes no hook to know what it would say.
    if (map.driver.mmap_prepare || (map.driver.mmap && call.world.profile->maximal)) {
        run_hook(call.world, attributes);
    }
    if (default_flag_comes_early(call.world, map)) set_default_flag(attributes.flags);
    return Errno::ok;
}

// An area of its own, when it merged with none. After the mmap hook of a file only the hook's own
// error exists; the hook that refused has nothing to close.
Errno AddressSpace::make_vma(Call& call, MapRequest& map) const {
    Attributes& attributes = map.vma.attributes;
    if (call.fails(Stage::allocation)) return Errno::enomem;
    if (map.driver.mmap) {
        const Errno error = call.log.call_mmap(id_, map.vma.range(), map.asked);
        if (error != Errno::ok && map.driver.close && BUG(close_called_twice_or_not_at_all)) {
            call.log.call_close(id_, map.asked.file, map.vma.range());
        }
        if (error != Errno::ok) return error;
        if (!call.world.profile->maximal) run_hook(call.world, attributes);
    }
    if (map.shared_anonymous) {
        if (call.fails(Stage::shmem)) return Errno::enomem;
        const bool charged = !attributes.flags.has(Flag::noreserve);
        attributes.file =
            call.ledger.new_object(map.vma.count(), charged ? map.vma.count() : PageCount{});
    }
    return Errno::ok;
}

// The same for a profile in which a failed operation changes nothing: old areas stay until the last
// stage is passed, and whether the new one merges is decided by looking through them.
Errno AddressSpace::mmap_region_atomic(Call& call, MapRequest& map) {
    Attributes& attributes = map.vma.attributes;
    const PageRange removed = range_to_remove(map.vma.range());
    if (any_mapped(removed)) {
        const Errno error = pass_splits(call, removed);
        if (error != Errno::ok) return error;
    }
    const PageCount added = map.vma.count() - mapped_pages(map.vma.range());
    if (!may_expand_vm(call, attributes.flags, added)) return Errno::enomem;
    const bool accountable = is_accountable(attributes.flags);
    if (accountable) {
        const bool asks = map.vma.count() != accounted_pages(map.vma.range());
        if (asks && call.fails(Stage::charge)) return Errno::enomem;
        attributes.flags = attributes.flags | Flag::account;
    }
    const Errno refused = prepare_map(call, map);
    if (refused != Errno::ok) return refused;
    unlock_unlockable(attributes.flags);
    const Sides sides = new_range_sides(call, map.vma);
    if (!sides.left && !sides.right) {
        const Errno error = make_vma(call, map);
        if (error != Errno::ok) return error;
        set_default_flag(attributes.flags);
    }

    call.committing = true;
    cut_ends(call, removed);
    remove_range(call, removed);
    if (accountable) call.ledger.charge(map.vma.count());
    if (vma_merge_new_range(call, map.vma).none()) {
        insert_vma(call, vmas_.find(map.vma.start), map.vma);
    }
    return Errno::ok;
}

}  // namespace vmacheck::impl
