// AddressSpace: the areas of one space, their counters, and the operations on them.
//
// Boundaries move in four private functions and nowhere else: cut(), expand(), move_boundary(),
// remove_range(). On them stand the kernel's entry points, each with its name and contract, and on
// those the operations. A loop over areas has a cursor like its counterpart in the kernel, and a
// bound on its turns.
//
// Invariants, checked by verify(): areas are sorted, not empty, within the world, and do not
// overlap; every running counter equals the sum over the areas; in a profile `maximal` no two
// neighbours could merge.
#pragma once

#include <cstdint>
#include <optional>

#include "impl/guard_ranges.h"
#include "impl/ledger.h"
#include "impl/vma_list.h"
#include "model/op.h"
#include "model/result.h"
#include "model/step_log.h"
#include "model/target.h"
#include "model/world.h"

namespace vmacheck::impl {

using Cursor = VmaList::Cursor;

// An operation under way: what it may see and change besides its own space.
struct Call {
    const World& world;
    Ledger& ledger;
    StepLog& log;
    // Profile `atomic`: the last stage is passed, and what follows cannot fail.
    bool committing;

    [[nodiscard]] bool atomic() const { return world.profile->atomic; }
    [[nodiscard]] bool fails(Stage stage) { return !committing && log.fails(stage); }
};

// Whether memory is short for a second area like this one: itself (Stage::split or allocation), its
// policy, its links to the fault identity (vm_area_dup(), vma_dup_policy(), anon_vma_clone()).
[[nodiscard]] inline bool fails_to_copy(Call& call, Stage area, const Attributes& like) {
    return call.fails(area) || (like.policy != Policy::none && call.fails(Stage::policy)) ||
           (!like.fault.none() && call.fails(Stage::anon));
}

// What refuses to split such an area (__split_vma(), without the limit on areas).
[[nodiscard]] inline Errno refusal_of_split(Call& call, const Attributes& at) {
    if (call.world.may_refuse_split(at.file) && call.fails(Stage::may_split)) return Errno::einval;
    return fails_to_copy(call, Stage::split, at) ? Errno::enomem : Errno::ok;
}

// Stops a loop over areas that would go on for ever.
class TurnBound {
  public:
    explicit TurnBound(std::size_t turns_max) : left_(turns_max) {}
    void turn() {
        CHECK(left_ > 0);
        --left_;
    }

  private:
    std::size_t left_;
};

class AddressSpace {
  public:
    // An empty space under this name, whose heap has no page yet; memory is kept.
    void create(SpaceId id, Page heap = Page{0}, bool memory_merge = false);

    // The area is there from the start. In a profile without fault identity it has none.
    void add_initial(Call& call, const InitialArea& area);
    // Merges whatever can be merged, as a profile `maximal` demands where no operation saw to it.
    void merge_all(Call& call);

    [[nodiscard]] Errno run(Call& call, const Mmap& op);
    [[nodiscard]] Errno run(Call& call, const Munmap& op);
    [[nodiscard]] Errno run(Call& call, const Mprotect& op);
    [[nodiscard]] Errno run(Call& call, const Madvise& op);
    [[nodiscard]] Errno run(Call& call, const Touch& op);
    [[nodiscard]] Errno run(Call& call, const Mlock& op);
    [[nodiscard]] Errno run(Call& call, const Munlock& op);
    [[nodiscard]] Errno run(Call& call, const Mlockall& op);
    [[nodiscard]] Errno run(Call& call, const Munlockall& op);
    [[nodiscard]] Errno run(Call& call, const Mseal& op);
    [[nodiscard]] Errno run(Call& call, const AnonName& op);
    [[nodiscard]] Errno run(Call& call, const Mbind& op);
    [[nodiscard]] Errno run(Call& call, const HomeNode& op);
    [[nodiscard]] Errno run(Call& call, const Mremap& op);
    [[nodiscard]] Errno run(Call& call, const UffdRegister& op);
    [[nodiscard]] Errno run(Call& call, const UffdUnregister& op);
    [[nodiscard]] Errno run(Call& call, const UffdClose& op);
    [[nodiscard]] Errno run(Call& call, const Brk& op);
    [[nodiscard]] Errno run(Call& call, const RemapFilePages& op);
    [[nodiscard]] Errno run(Call& call, const MemoryMerge& op);
    // fork: fills `child`, which is empty; it is empty again after a failure.
    [[nodiscard]] Errno dup_mmap(Call& call, AddressSpace& child) const;

    [[nodiscard]] const VmaList& vmas() const { return vmas_; }
    void observe(SpaceView& view) const;

    // Checks all that concerns this space alone, and enters its areas into `found`.
    void verify(const World& world, Ledger& found) const;

    // What an entry point answers: an error, or an area; no area and no error is "not merged".
    struct Outcome {
        Errno error = Errno::ok;
        Cursor vma;
    };

    // The piece of a split that is new: it gets the open hook, the other keeps its identity.
    enum class NewPiece : std::uint8_t { below, above };

    // Splits the area at `page`, and moves the cursor to the piece that is not new. ENOMEM at the
    // count limit or in stage `split`; then nothing has changed.
    [[nodiscard]] Errno split_vma(Call& call, Cursor& vma, Page page, NewPiece new_piece);

    // A new area `vma` on free pages, not in the list yet: if its neighbours fit they grow over its
    // pages. Not merged: nothing has changed; that is also the answer if stage `merge` fails.
    // The caller has charged its pages; they are counted here. `apart` is an area that does not
    // grow, whatever it is like.
    [[nodiscard]] Cursor vma_merge_new_range(Call& call, const Vma& vma, Cursor apart = Cursor());

    // `vma` grows at its end over free pages up to `end`, and takes in the next area if the two
    // touch then and fit. Whether `vma` is forked is not asked. False if stage `merge` fails; then
    // nothing has changed. The caller has charged the pages.
    [[nodiscard]] bool vma_merge_extend(Call& call, Cursor vma, Page end);

    // The pages of `range`, which lie in `middle` and reach one of its ends, get the attributes
    // `to`, but for offset and fault identity, which stay: if that lets them join a neighbour they
    // do, and the caller gives the returned area its attributes. ENOMEM in stage `merge`; then
    // nothing has changed. `prev` is the area before the range: if the range starts inside
    // `middle`, that is `middle`.
    [[nodiscard]] Outcome vma_merge_existing_range(Call& call, Cursor prev, Cursor middle,
                                                   PageRange range, const Attributes& to);

    // Gives the pages of `range`, which lie in `middle`, other flags: merges, or else splits at
    // both ends as needed. The area returned holds the range. ENOMEM: flags have not changed, but
    // if the second split failed the first one stays. `prev` as above.
    [[nodiscard]] Outcome vma_modify_flags(Call& call, Cursor prev, Cursor middle, PageRange range,
                                           Flags flags);
    // The same for flags and a name, and for a policy.
    [[nodiscard]] Outcome vma_modify_flags_name(Call& call, Cursor prev, Cursor middle,
                                                PageRange range, Flags flags, AreaName name);
    [[nodiscard]] Outcome vma_modify_policy(Call& call, Cursor prev, Cursor middle, PageRange range,
                                            Policy policy, bool home_node);
    // What lack of memory for a merge is: an error, or, if the range is all of `middle`, a reason
    // to leave it unmerged (give_up_on_oom).
    enum class MergeOom : std::uint8_t { is_an_error, gives_up };
    // The same for flags and a userfaultfd (posted as vma_modify_uffd). With `gives_up` no error is
    // left.
    [[nodiscard]] Outcome vma_modify_flags_uffd(Call& call, Cursor prev, Cursor middle,
                                                PageRange range, Flags flags, UffdContext context,
                                                MergeOom oom);

    // A mapping that passed the checks of mmap.
    struct MapRequest {
        Vma vma;  // As it will be, but for the flags that are decided on the way.
        Driver driver;
        Attributes asked;  // Of its first page, before any hook.
        bool shared_anonymous;
    };

    // Maps it in the place of what is there. After an error what was there has gone if the error
    // came after the point of no return: after stage `charge`. In a profile `atomic` it never has.
    [[nodiscard]] Errno mmap_region(Call& call, MapRequest& map);

  private:
    // Which neighbours a range joins.
    struct Sides {
        bool left = false;
        bool right = false;
    };

    // Boundaries.
    Cursor cut(Call& call, Cursor vma, Page page);
    void expand(Call& call, Cursor target, Page start, Page end);
    void move_boundary(Cursor left, Page page);
    void remove_range(Call& call, PageRange range);
    Cursor insert_vma(Call& call, Cursor place, const Vma& vma);

    [[nodiscard]] Errno split_vma_unlimited(Call& call, Cursor& vma, Page page, NewPiece new_piece);
    [[nodiscard]] Sides new_range_sides(const Call& call, const Vma& vma,
                                        Cursor apart = Cursor()) const;
    [[nodiscard]] Sides existing_range_sides(const Call& call, Cursor prev, Cursor middle,
                                             PageRange range, const Attributes& to) const;
    [[nodiscard]] Outcome vma_modify(Call& call, Cursor prev, Cursor middle, PageRange range,
                                     const Attributes& to, MergeOom oom = MergeOom::is_an_error);

    // Munmap and the first half of mmap.
    [[nodiscard]] Errno gather_range(Call& call, PageRange range);
    [[nodiscard]] Errno unmap_range(Call& call, PageRange range);
    [[nodiscard]] Errno pass_splits(Call& call, PageRange range) const;
    [[nodiscard]] bool exceeds_limit_by_cut(const Call& call, PageRange range) const;
    void cut_ends(Call& call, PageRange range);
    [[nodiscard]] bool any_mapped(PageRange range) const;
    [[nodiscard]] bool any_sealed(PageRange range) const;
    [[nodiscard]] PageCount accounted_pages(PageRange range) const;
    [[nodiscard]] PageCount mapped_pages(PageRange range) const;

    // The second half of mmap.
    [[nodiscard]] Errno check_map(const Call& call, const Mmap& op) const;
    [[nodiscard]] PageRange range_to_remove(PageRange range) const;
    [[nodiscard]] Errno mmap_region_atomic(Call& call, MapRequest& map);
    [[nodiscard]] Errno map_into_gap(Call& call, MapRequest& map);
    [[nodiscard]] Errno prepare_map(Call& call, MapRequest& map) const;
    [[nodiscard]] Errno make_vma(Call& call, MapRequest& map) const;
    void merge_after_hook(Call& call, const MapRequest& map);
    void set_default_flag(Flags& flags) const;

    // The heap, stacks, and the limits of a space (impl/heap.cpp).
    [[nodiscard]] bool may_expand_vm(const Call& call, Flags flags, PageCount pages) const;
    [[nodiscard]] bool may_become(const Call& call, Flags from, Flags to, PageCount pages) const;
    [[nodiscard]] Errno shrink_brk(Call& call, PageRange range);
    [[nodiscard]] bool has_room_for_brk(Page end) const;
    [[nodiscard]] Errno do_brk_flags(Call& call, PageRange range);
    [[nodiscard]] Cursor expand_downwards(Call& call, Cursor vma, Page page);
    [[nodiscard]] bool keeps_stack_guard_gap(Cursor vma, Page page) const;
    [[nodiscard]] bool acct_stack_growth(Call& call, const Vma& vma, PageCount grow);

    // Mprotect and madvise.
    [[nodiscard]] Cursor prev_of(Cursor vma, Page start) const;
    [[nodiscard]] Errno check_mprotect(Call& call, PageRange range, const Mprotect& op) const;
    [[nodiscard]] Outcome mprotect_fixup(Call& call, Cursor prev, Cursor vma, PageRange piece,
                                         const Mprotect& op);
    [[nodiscard]] Errno check_madvise(Call& call, const Madvise& op) const;
    [[nodiscard]] Outcome madvise_vma_behavior(Call& call, Cursor prev, Cursor vma, PageRange piece,
                                               Advice advice);
    [[nodiscard]] TurnBound bound() const { return TurnBound(vmas_.size() + 1); }
    void set_attributes(Cursor vma, const Attributes& to);

    // Locks, seals, names and policies.
    enum class Gaps : std::uint8_t { stop, report, skip };
    struct Walk {
        Gaps gaps;                        // Where nothing is mapped.
        Errno no_memory = Errno::enomem;  // What that is called.
        [[nodiscard]] Errno answer_to(Errno error) const {
            return error == Errno::enomem ? no_memory : error;
        }
    };
    struct Wanted {
        Errno error = Errno::ok;
        Attributes to;
    };
    template <class Rule>
    [[nodiscard]] Errno change_range(Call& call, PageRange range, Walk walk, const Rule& rule);
    template <class Rule>
    [[nodiscard]] Errno check_range(Call& call, PageRange range, Walk walk, const Rule& rule) const;
    [[nodiscard]] bool has_gap(PageRange range) const;
    void apply_mlockall_flags(Call& call, Flags locks);
    [[nodiscard]] std::uint64_t locked_in(PageRange range) const;
    [[nodiscard]] Errno check_lock(const Call& call, const Mmap& op, Flags flags) const;

    // Mremap.
    [[nodiscard]] Errno check_mremap_params(const Call& call, const Mremap& op) const;
    [[nodiscard]] Errno check_params_late(const Call& call, const Mremap& op) const;
    [[nodiscard]] static Errno check_new_addr(const Call& call, const Mremap& op);
    [[nodiscard]] Errno check_map_count(const Call& call, const Mremap& op) const;
    [[nodiscard]] Errno check_source(const Mremap& op) const;
    [[nodiscard]] Errno vma_to_resize(const Call& call, const Mremap& op) const;
    [[nodiscard]] Errno check_prep_vma(const Call& call, const Mremap& op) const;
    [[nodiscard]] Errno check_place(const Call& call, const Mremap& op) const;
    [[nodiscard]] Errno check_mremap(Call& call, const Mremap& op) const;
    [[nodiscard]] bool can_expand_in_place(const Call& call, const Mremap& op) const;
    [[nodiscard]] std::optional<Mremap> next_part(const Mremap& op, Page done) const;
    [[nodiscard]] Errno remap_move(Call& call, const Mremap& op);
    [[nodiscard]] Errno remap_one(Call& call, const Mremap& op);
    [[nodiscard]] Errno mremap_to(Call& call, Mremap op);
    [[nodiscard]] Errno expand_in_place(Call& call, const Mremap& op);
    [[nodiscard]] Errno prep_move_vma(Call& call, const Mremap& op);
    [[nodiscard]] Errno move_vma(Call& call, const Mremap& op, PageCount cut_off = PageCount{0});
    [[nodiscard]] Errno copy_vma(Call& call, const Mremap& op);
    void unmap_source_vma(Call& call, PageRange range);
    [[nodiscard]] bool multi_allowed(const Mremap& part, const Mremap& whole) const;
    void reset_uffd(PageRange range);
    void dontunmap_complete(Call& call, PageRange range);
    // Userfaultfds.
    template <class Refusal>
    [[nodiscard]] Errno check_uffd(PageRange range, const World& world,
                                   const Refusal& refusal) const;
    template <class Rule>
    [[nodiscard]] Errno change_uffd(Call& call, PageRange range, MergeOom oom, const Rule& rule);
    template <class Rule>
    [[nodiscard]] Errno pass_uffd_splits(Call& call, PageRange range, const Rule& rule) const;

    // Guards, and the advices that fault pages in.
    [[nodiscard]] Errno madvise_populate(Call& call, PageRange range, Access access);
    [[nodiscard]] Errno madvise_guards(Call& call, PageRange range, Advice advice);
    [[nodiscard]] Errno check_guards(PageRange range, Advice advice) const;
    void guard_install(Call& call, Cursor vma, PageRange pages);

    // Faults.
    [[nodiscard]] bool fault_in(Call& call, Cursor vma, PageRange pages, bool writes);
    void anon_vma_prepare(Call& call, Cursor vma);
    [[nodiscard]] Errno populate_vma_page_range(Call& call, Cursor vma, PageRange pages);
    [[nodiscard]] Errno mm_populate(Call& call, PageRange range, bool ignores_errors);
    [[nodiscard]] FaultId find_fault_to_share(Cursor vma) const;

    void count_pages(Flags flags, PageCount pages);
    void uncount_pages(Flags flags, PageCount pages);

    SpaceId id_;
    VmaList vmas_;
    GuardRanges guards_;  // Within the areas.
    SpaceCounters counters_;
    std::uint64_t stray_locked_ = 0;  // In counters_.locked, and in no area (dontunmap_complete).
    Page brk_;                        // Where the heap ends (mm->brk).
    bool memory_merge_ = false;       // PR_SET_MEMORY_MERGE is on (MMF_VM_MERGE_ANY).
    Flags def_flags_;  // Of areas to come (mm->def_flags): what mlockall locks in the future.
};

}  // namespace vmacheck::impl
