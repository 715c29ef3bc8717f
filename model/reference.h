// The reference: what Linux does to memory areas, told page by page.
//
// It is meant to be believed by reading it. The state of a space is an array of cells; an area is a
// run of mapped cells, and a bit says where one starts. Every operation is one short function with
// a loop over cells. No area exists as an object, nothing is cached, every counter is counted anew.
//
// In the `linux-*` profiles the boundary bit is history: an operation looks only at the two ends of
// the piece that it really changes (mm/vma.c: vma_merge_new_range, vma_merge_existing_range), and
// for each boundary that stays between compatible pages the reason is kept. In `canonical` the
// boundary bits are derived from the pages after every operation.
//
// The same rules are written area by area in impl/; neither includes the other.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "model/cases.h"
#include "model/cells.h"
#include "model/program.h"
#include "model/step_log.h"
#include "model/target.h"

namespace vmacheck {

struct Cell {
    Attributes attributes;  // `pgoff` is that of the first page of the cell.
    bool mapped = false;
    bool boundary = false;   // An area starts here. Meaningless if not mapped.
    Seam seam = Seam::none;  // Why it does although the cells on both sides are compatible.
    bool guard = false;      // In the place of its pages there are guards.
};

class Reference {
  public:
    explicit Reference(Cases& cases) : cases_(&cases) {}

    // Starts anew. `world` outlives its use; `layout` fits the steps to come.
    void create(const World& world, const Cells& layout);

    [[nodiscard]] Errno apply(const Step& step, StepLog& log);

    [[nodiscard]] const Cells& layout() const { return layout_; }
    [[nodiscard]] bool has_space(SpaceId space) const { return exists_[space.value]; }
    [[nodiscard]] const std::vector<Cell>& cells(SpaceId space) const {
        return spaces_[space.value];
    }
    // Whether nothing but the fault identities keeps the areas on both sides of `cell` apart. Both
    // cells are mapped.
    [[nodiscard]] bool equal_apart_from_fault(SpaceId space, std::size_t cell) const;

    // Every counter, counted anew from the cells.
    struct Census {
        std::array<SpaceCounters, space_count_max> spaces;
        MachineView machine;
        std::vector<bool> objects_alive;
    };
    void count(Census& census) const;

  private:
    // Why two adjacent cells cannot be in one area; `none` if they can, `no_neighbour` if one of
    // them is not mapped.
    enum class Refusal : std::uint8_t {
        none,
        no_neighbour,
        flags,
        file,
        offset,
        policy,
        name,
        uffd,
        fault,
        forked,
        special,
        unfaulted,
        close,
        three_way,
        source,
    };
    // A stretch of cells of one area, [start, end).
    struct Piece {
        std::size_t start;
        std::size_t end;
    };
    // What is to be done to a piece: nothing if `error`, else it gets these attributes; offset and
    // fault identity stay.
    struct Change {
        Errno error = Errno::ok;
        Attributes to;
        bool charge = false;    // Its pages must be charged first.
        bool populate = false;  // Its pages are made present afterwards.
        // An area as a whole goes on without its merge where memory for that is short.
        bool may_stay_apart = false;
        // The merged area has no other sticky flags than the piece had.
        bool keeps_own_sticky = false;
    };
    // The object behind a shared anonymous mapping.
    struct Object {
        PageCount pages;
        bool charged;
    };

    Errno run(const Mmap& op);
    Errno run(const Munmap& op);
    Errno run(const Mprotect& op);
    Errno run(const Madvise& op);
    Errno run(const Touch& op);
    Errno run(const Fork& op);
    Errno run(const Mlock& op);
    Errno run(const Munlock& op);
    Errno run(const Mlockall& op);
    Errno run(const Munlockall& op);
    Errno run(const Mseal& op);
    Errno run(const AnonName& op);
    Errno run(const Mbind& op);
    Errno run(const HomeNode& op);
    Errno run(const Mremap& op);
    Errno run(const UffdRegister& op);
    Errno run(const UffdUnregister& op);
    Errno run(const UffdClose& op);
    Errno run(const Brk& op);
    Errno run(const RemapFilePages& op);
    Errno run(const MemoryMerge& op);

    // The merge rule (reference.cpp).
    [[nodiscard]] Refusal compare(const Attributes& left, PageCount left_weight,
                                  const Attributes& right) const;
    [[nodiscard]] Refusal refusal_at(std::size_t cell) const;
    [[nodiscard]] Refusal compare_range(Refusal refusal, const Attributes& range,
                                        const Attributes& neighbour) const;
    [[nodiscard]] static Seam seam_of(Refusal refusal);
    void count_refusal(Refusal refusal);
    void count_space(const std::vector<Cell>& cells, SpaceCounters& space, Census& census) const;
    static void count_reference(const Cell& cell, Census& census);
    void join(std::size_t cell);
    void record_seam(std::size_t cell, Seam if_compatible);
    void record_three_way(std::size_t cell);
    void derive_boundaries();

    // Runs, and the cuts between them (reference.cpp).
    [[nodiscard]] bool mapped(std::size_t cell) const;
    [[nodiscard]] bool inside_area(std::size_t cell) const;
    [[nodiscard]] std::size_t area_start(std::size_t cell) const;
    [[nodiscard]] std::size_t area_end(std::size_t cell) const;
    [[nodiscard]] std::uint64_t map_count() const;
    [[nodiscard]] bool at_count_limit() const;
    enum class End : std::uint8_t { start, end };
    [[nodiscard]] Errno cut(std::size_t cell, End end);
    [[nodiscard]] Errno cut_out(Piece piece);
    [[nodiscard]] Errno unmap(Piece piece);
    [[nodiscard]] bool any_sealed(Piece piece) const;
    void count_split(bool at_start, bool at_end);
    void erase(Piece piece);

    // mmap (reference_map.cpp).
    [[nodiscard]] Errno mmap_region(const Mmap& op, Piece piece, Flags flags);
    [[nodiscard]] Attributes after_hook(Attributes first) const;
    [[nodiscard]] Errno map_prepared(const Mmap& op, Piece piece, Attributes first);
    void count_merge_of_set_file(FileId file);
    void keep_charge(const Attributes& first, PageCount pages);
    [[nodiscard]] Errno refusal_of_lock(const Mmap& op, Flags flags) const;
    // What stands against joining a new range with the areas before and behind it.
    struct Fit {
        Refusal left;
        Refusal right;
        bool memory_failed;
    };
    // A new range is like no area there is, or extends the one before it (vma_merge_extend()).
    enum class Extends : std::uint8_t { nothing, prev };
    [[nodiscard]] Fit fit_of_new_range(Piece piece, const Attributes& first,
                                       Extends extends = Extends::nothing);
    [[nodiscard]] bool lacks_memory(Piece piece, const Attributes& first, const Fit& fit);
    [[nodiscard]] Refusal refusal_before(Piece piece, const Attributes& first) const;
    [[nodiscard]] Refusal refusal_behind(Piece piece, const Attributes& first) const;
    // `after_merge` says why a seam stays that fits all the same.
    void join_new_range(Piece piece, const Attributes& first, const Fit& fit,
                        Seam after_merge = Seam::flags_after_merge);
    void merge_after_hook(Piece piece, const Attributes& asked, Fit fit, bool dedupable);
    void mark_mergeable(std::size_t cell);
    void write_pages(Piece piece, Attributes first);
    [[nodiscard]] bool any_mapped(Piece piece) const;
    [[nodiscard]] PageCount mapped_pages(Piece piece) const;
    [[nodiscard]] PageCount accounted_pages(Piece piece) const;
    [[nodiscard]] Attributes last_page_of(Piece piece, Attributes first) const;

    // The heap, stacks, and the limits of a space (reference_heap.cpp).
    [[nodiscard]] bool may_expand(Flags flags, PageCount pages) const;
    [[nodiscard]] bool may_become(Flags from, Flags to, PageCount pages) const;
    [[nodiscard]] Errno shrink_heap(Piece piece);
    [[nodiscard]] Errno grow_heap(Piece piece);
    [[nodiscard]] bool heap_is_free_to(Page to) const;
    [[nodiscard]] bool expand_stack(std::size_t cell);
    [[nodiscard]] Errno refusal_of_growth(Piece area, PageCount added) const;

    // Changes of attributes (reference_change.cpp).
    // How a walk over areas answers: what it does about a hole, and what lack of memory is called.
    enum class Holes : std::uint8_t { stop, report, skip };
    struct Walk {
        Holes holes;
        Errno no_memory = Errno::enomem;
        [[nodiscard]] Errno answer_to(Errno error) const {
            return error == Errno::enomem ? no_memory : error;
        }
    };
    [[nodiscard]] Errno change(Piece piece, const Change& wanted);
    void put_back_sticky(std::size_t cell, Flags sticky);
    [[nodiscard]] Errno merge_memory(Piece piece, const Attributes& first, bool left, bool right);
    [[nodiscard]] Errno pass_copy(Stage area, const Attributes& like);
    [[nodiscard]] Errno pass_cut(const Attributes& at);
    [[nodiscard]] Errno cut_to_change(Piece piece);
    // The cells of a range, up to the end of the world.
    [[nodiscard]] Piece inside_world(PageRange range) const;
    [[nodiscard]] bool has_hole(PageRange range) const;
    [[nodiscard]] bool is_free(PageRange range) const;
    [[nodiscard]] Change protect_change(std::size_t cell, const Mprotect& op) const;
    [[nodiscard]] Flags pkey_after(Flags old, const Mprotect& op) const;
    [[nodiscard]] Change advice_change(std::size_t cell, Advice advice) const;
    [[nodiscard]] Errno refused_advice(std::size_t cell, Advice advice) const;
    template <class Rule>
    [[nodiscard]] Errno change_pieces(PageRange range, Walk walk, const Rule& rule);
    template <class Rule>
    [[nodiscard]] Errno reserve_all(Piece piece, bool beyond, Walk walk, const Rule& rule);

    // Locks and seals (reference_lock.cpp).
    [[nodiscard]] Change lock_change(std::size_t cell, Flags locks) const;
    [[nodiscard]] PageCount locked_pages(Piece piece) const;
    [[nodiscard]] std::uint64_t locked_vm() const;
    void lock_all(Flags locks);
    [[nodiscard]] Errno populate(Piece piece);
    void populate_all(Piece piece);

    // Moves (reference_mremap.cpp).
    [[nodiscard]] Errno refusal_of_call(const Mremap& op) const;
    [[nodiscard]] bool empties_first() const;
    [[nodiscard]] bool moves_areas(const Mremap& op) const;
    [[nodiscard]] bool is_bad_place(const Mremap& op) const;
    [[nodiscard]] bool no_room_for(std::uint64_t more, bool cuts_first) const;
    [[nodiscard]] Errno refusal_of_source(const Mremap& op) const;
    [[nodiscard]] Errno refusal_of_size(const Mremap& op) const;
    [[nodiscard]] Errno refusal_of_area(const Mremap& op) const;
    [[nodiscard]] Errno move_areas(const Mremap& op);
    [[nodiscard]] Errno remap_area(const Mremap& op);
    [[nodiscard]] Errno remap_to(const Mremap& op);
    [[nodiscard]] bool can_grow_in_place(const Mremap& op) const;
    [[nodiscard]] Errno refusal_to_move(const Mremap& op) const;
    [[nodiscard]] Errno grow_in_place(const Mremap& op);
    [[nodiscard]] Errno move_area(const Mremap& op, PageCount tail = PageCount{0});
    [[nodiscard]] bool loses_locks(const Mremap& op) const;
    [[nodiscard]] bool driver_refuses_cuts(PageRange range);
    void forget_account(Piece area);
    [[nodiscard]] Errno copy_to(const Mremap& op, PageCount tail);
    [[nodiscard]] bool copies_alone(const Attributes& first) const;
    [[nodiscard]] Fit fit_of_copy(const Mremap& op, const Attributes& first);
    [[nodiscard]] bool has_uffd(const Mremap& part) const;
    void forget_uffd(Piece copy);
    void leave_old_place(PageRange range);
    void reconsider_seam(std::size_t cell, Seam if_compatible);
    [[nodiscard]] Errno remap_at_once(const Mremap& op);
    [[nodiscard]] Errno refusal_at_once(const Mremap& op) const;
    [[nodiscard]] std::vector<Mremap> parts_of(const Mremap& op);
    void cut_cell(Page page);
    // Userfaultfds (reference_uffd.cpp).
    [[nodiscard]] Errno refusal_of_uffd(PageRange range, Uffd uffd, Errno of_another,
                                        Flags dropped) const;
    [[nodiscard]] Change uffd_cleared(std::size_t cell) const;

    // Guards, and the advices that fault pages in (reference_guard.cpp).
    [[nodiscard]] Errno populate_as_advised(PageRange range, bool writes);
    [[nodiscard]] Errno refusal_of_guards(std::size_t cell, Advice advice) const;
    [[nodiscard]] Errno change_guards(PageRange range, Advice advice);
    void expect_guards(std::size_t cell);
    [[nodiscard]] bool fork_copies_guards(const Attributes& at) const;
    void move_guards(PageRange from, Page to);

    // Faults (reference_fault.cpp).
    void give_identity(std::size_t cell);
    [[nodiscard]] bool fault_in(std::size_t cell, bool writes);
    [[nodiscard]] PageCount size_of(FileId id) const;
    [[nodiscard]] FaultId choose_identity(std::size_t cell);
    [[nodiscard]] bool may_share_identity(std::size_t cell) const;
    void copy_area(Piece piece, std::vector<Cell>& child);
    void call_for_area(HookKind kind, SpaceId space, Piece piece);

    [[nodiscard]] std::vector<Cell>& cells() { return spaces_[space_.value]; }
    [[nodiscard]] const std::vector<Cell>& cells() const { return spaces_[space_.value]; }

    Cases* cases_;
    const World* world_ = nullptr;
    Cells layout_{PageCount{0}};
    std::array<std::vector<Cell>, space_count_max> spaces_;
    std::array<bool, space_count_max> exists_{};
    std::array<Flags, space_count_max> future_locks_;   // mm->def_flags: of areas to come.
    std::array<bool, space_count_max> memory_merge_{};  // PR_SET_MEMORY_MERGE is on.
    std::vector<Object> objects_;
    std::uint32_t faults_made_ = 0;
    // Pages of a space that are counted as locked for good: see leave_old_place().
    std::array<std::uint64_t, space_count_max> stray_locked_{};
    // Pages that are charged for good: see expand_stack() and keep_charge().
    std::uint64_t stray_committed_ = 0;
    // References to each file that nobody will drop: see count_merge_of_set_file().
    std::vector<std::uint64_t> stray_references_;
    std::array<Page, space_count_max> heap_end_{};  // mm->brk.

    // The step under way.
    SpaceId space_;
    StepLog* log_ = nullptr;
    std::vector<std::size_t> cuts_;  // Where it has cut areas.
};

}  // namespace vmacheck
