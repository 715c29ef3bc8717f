// The state of the reference, its merge rule, and the cuts between areas; see the header.
#include "model/reference.h"

#include <algorithm>

#include "model/check_macro.h"

namespace vmacheck {

void Reference::create(const World& world, const Cells& layout) {
    world_ = &world;
    layout_ = layout;
    objects_.clear();
    exists_.fill(false);
    future_locks_.fill({});
    memory_merge_.fill(false);
    memory_merge_[0] = world.memory_merge;
    stray_locked_.fill(0);
    stray_committed_ = 0;
    stray_references_.assign(world.files.size(), 0);
    heap_end_.fill(world.heap);
    exists_[0] = true;
    faults_made_ = 0;
    spaces_[0].assign(layout_.count(), Cell{});
    space_ = SpaceId{0};
    for (const InitialArea& area : world.areas) {
        const Piece piece{layout_.index(area.range.start), layout_.index(area.range.end())};
        Attributes attributes = world.complete(area.attributes);
        if (!world.profile->fault_identity) {
            attributes.fault = FaultId{};
            attributes.forked = false;
        }
        write_pages(piece, attributes);
        if (!world.profile->maximal) record_seam(piece.start, Seam::given);
        faults_made_ = std::max(faults_made_, attributes.fault.value);
    }
    if (world.profile->maximal) derive_boundaries();
}

Errno Reference::apply(const Step& step, StepLog& log) {
    log.begin(step.failure);
    cases_->begin(step.op.index());
    space_ = step.space;
    log_ = &log;
    cuts_.clear();
    Errno error = Errno::esrch;
    if (has_space(step.space)) {
        error = std::visit([this](const auto& op) { return run(op); }, step.op);
        if (world_->profile->maximal) derive_boundaries();
    }
    for (const std::size_t cell : cuts_) {
        const bool left_behind = mapped(cell) && cells()[cell].seam == Seam::split_left_behind;
        if (left_behind) cases_->hit(Seam::split_left_behind);
    }
    cases_->hit(errno_case(error));
    if (log.struck()) cases_->hit(unwind_case(log.struck_at()));
    return error;
}

// ---- The merge rule. Its twin, area by area, is can_merge() in impl/merge_rule.h. ----

// Linux: is_mergeable_vma() and is_mergeable_anon_vma() in mm/vma.c.
Reference::Refusal Reference::compare(const Attributes& left, PageCount left_weight,
                                      const Attributes& right) const {
    if (!(left.flags ^ right.flags).without(sticky_flags).empty()) return Refusal::flags;
    if (left.file != right.file) return Refusal::file;
    if (left.pgoff + left_weight.value != right.pgoff) return Refusal::offset;
    if (left.policy != right.policy || left.home_node != right.home_node) return Refusal::policy;
    if (left.name != right.name) return Refusal::name;
    if (left.uffd != right.uffd) return Refusal::uffd;
    // Compatibility with oneself is all that a profile `maximal` knows.
    if (left.flags.has_any(special_flags) && !world_->profile->maximal) return Refusal::special;
    if (left.fault.none() && right.fault.none()) return Refusal::none;
    if (left.fault.none()) return right.forked ? Refusal::forked : Refusal::none;
    if (right.fault.none()) return left.forked ? Refusal::forked : Refusal::none;
    return left.fault == right.fault ? Refusal::none : Refusal::fault;
}

// What stands against joining a new or changed range with a neighbour, if `refusal` stands against
// two areas like them: where the chain of the neighbour must be singular, one without identity
// takes none over.
Reference::Refusal Reference::compare_range(Refusal refusal, const Attributes& range,
                                            const Attributes& neighbour) const {
    const bool takes_over = !range.fault.none() && neighbour.fault.none();
    const bool may = world_->profile->fault_rule == FaultRule::unforked;
    return refusal == Refusal::none && takes_over && !may ? Refusal::unfaulted : refusal;
}

// Why a seam that only this refusal kept open stays between compatible pages.
Seam Reference::seam_of(Refusal refusal) {
    if (refusal == Refusal::close) return Seam::close_hook;
    if (refusal == Refusal::source) return Seam::copy_of_neighbour;
    // Who watches is looked at behind the flags: here they are about to go from one side.
    if (refusal == Refusal::uffd) return Seam::changed_by_move;
    return refusal == Refusal::unfaulted ? Seam::unfaulted_neighbour : Seam::none;
}

Reference::Refusal Reference::refusal_at(std::size_t cell) const {
    if (cell == 0 || !mapped(cell - 1) || !mapped(cell)) return Refusal::no_neighbour;
    return compare(cells()[cell - 1].attributes, layout_.weight(cell - 1),
                   cells()[cell].attributes);
}

bool Reference::equal_apart_from_fault(SpaceId space, std::size_t cell) const {
    Attributes left = spaces_[space.value][cell - 1].attributes;
    Attributes right = spaces_[space.value][cell].attributes;
    left.fault = right.fault = FaultId{};
    return compare(left, layout_.weight(cell - 1), right) == Refusal::none;
}

void Reference::count_refusal(Refusal refusal) {
    using enum Refusal;
    switch (refusal) {
        case none:
        case no_neighbour:
        case source: return;
        case flags: return cases_->hit(CaseKind::refused_flags);
        case file: return cases_->hit(CaseKind::refused_file);
        case offset: return cases_->hit(CaseKind::refused_offset);
        case policy: return cases_->hit(CaseKind::refused_policy);
        case name: return cases_->hit(CaseKind::refused_name);
        case uffd: return cases_->hit(CaseKind::refused_uffd);
        case fault: return cases_->hit(CaseKind::refused_fault);
        case forked: return cases_->hit(CaseKind::refused_forked);
        case special: return cases_->hit(CaseKind::refused_special);
        case unfaulted: return cases_->hit(CaseKind::refused_unfaulted);
        case close: return cases_->hit(CaseKind::refused_close);
        case three_way: return cases_->hit(CaseKind::refused_three_way);
    }
}

// The areas on both sides of `cell` become one. An unfaulted side takes over the identity of the
// other one (dup_anon_vma() in mm/vma.c), and each side the sticky flags of the other.
void Reference::join(std::size_t cell) {
    cells()[cell].boundary = false;
    cells()[cell].seam = Seam::none;
    const Attributes& left = cells()[cell - 1].attributes;
    const Attributes survivor = left.fault.none() ? cells()[cell].attributes : left;
    const Flags left_sticky = left.flags & sticky_flags;
    const Flags right_sticky = cells()[cell].attributes.flags & sticky_flags;
    if (left_sticky != right_sticky) cases_->hit(CaseKind::merge_sticky);
    const std::size_t end = area_end(cell);
    for (std::size_t at = area_start(cell); at < end; ++at) {
        cells()[at].attributes.fault = survivor.fault;
        cells()[at].attributes.forked = survivor.forked;
        Flags& flags = cells()[at].attributes.flags;
        flags = flags | left_sticky | right_sticky;
    }
}

// Notes why the boundary at `cell` stays, if both sides are equal in all but the fault identity.
void Reference::record_seam(std::size_t cell, Seam if_compatible) {
    if (cell == layout_.count() || !mapped(cell)) return;
    const Refusal refusal = refusal_at(cell);
    Seam seam = Seam::none;
    if (refusal == Refusal::none) seam = if_compatible;
    if (refusal == Refusal::fault) seam = Seam::two_identities;
    if (refusal == Refusal::forked) seam = Seam::forked_and_unfaulted;
    if (refusal == Refusal::special) seam = Seam::special_areas;
    cells()[cell].seam = seam;
    cases_->hit(seam);
}

// Both sides of a new or changed range fitted it, but not each other, and the left one was taken.
void Reference::record_three_way(std::size_t cell) {
    cells()[cell].seam = Seam::three_way;
    cases_->hit(Seam::three_way);
}

// Profile `canonical`: an area starts wherever two neighbours cannot be in one.
void Reference::derive_boundaries() {
    for (std::size_t space = 0; space < spaces_.size(); ++space) {
        if (!exists_[space]) continue;
        const Cell* before = nullptr;
        PageCount weight_before;
        for (std::size_t index = 0; index < spaces_[space].size(); ++index) {
            Cell& cell = spaces_[space][index];
            const bool touch = before != nullptr && before->mapped && cell.mapped;
            cell.boundary = !touch || compare(before->attributes, weight_before, cell.attributes) !=
                                          Refusal::none;
            cell.seam = Seam::none;
            before = &cell;
            weight_before = layout_.weight(index);
        }
    }
}

// ---- Areas as runs of cells. ----

bool Reference::mapped(std::size_t cell) const {
    return cell < cells().size() && cells()[cell].mapped;
}

// Whether `cell` belongs to the same area as the cell before it.
bool Reference::inside_area(std::size_t cell) const {
    return mapped(cell) && !cells()[cell].boundary;
}

std::size_t Reference::area_start(std::size_t cell) const {
    while (!cells()[cell].boundary) --cell;
    return cell;
}

std::size_t Reference::area_end(std::size_t cell) const {
    do ++cell;
    while (inside_area(cell));
    return cell;
}

// map_count has reached vm.max_map_count: split_vma() refuses.
bool Reference::at_count_limit() const {
    return world_->profile->count_limit && map_count() >= world_->max_map_count;
}

// Cuts the area that spans `cell` in two there; `cell` is the start or the end of the range that is
// to be cut out. The piece that lies outside of that range is the new area, and its open hook is
// called (__split_vma() in mm/vma.c). A cut is left behind until somebody changes one of its sides.
Errno Reference::cut(std::size_t cell, End end) {
    if (const Errno error = pass_cut(cells()[cell].attributes); error != Errno::ok) return error;
    // In canonical nothing may stay behind if a later stage fails.
    if (world_->profile->maximal) return Errno::ok;
    const FileId file = cells()[cell].attributes.file;
    if (world_->has_close_hook(file)) {
        const Piece part =
            end == End::start ? Piece{area_start(cell), cell} : Piece{cell, area_end(cell)};
        log_->call_open(space_, file,
                        range_between(layout_.start(part.start), layout_.start(part.end)));
    }
    cells()[cell].boundary = true;
    cells()[cell].seam = Seam::split_left_behind;
    cuts_.push_back(cell);
    return Errno::ok;
}

// What a second area like this one takes: itself, its policy, its links to the fault identity
// (vm_area_dup(), vma_dup_policy(), anon_vma_clone()).
Errno Reference::pass_copy(Stage area, const Attributes& like) {
    if (log_->fails(area)) return Errno::enomem;
    if (like.policy != Policy::none && log_->fails(Stage::policy)) return Errno::enomem;
    if (!like.fault.none() && log_->fails(Stage::anon)) return Errno::enomem;
    return Errno::ok;
}

// What it takes to cut an area in two: its driver's consent, and a second one.
Errno Reference::pass_cut(const Attributes& at) {
    if (world_->may_refuse_split(at.file) && log_->fails(Stage::may_split)) return Errno::einval;
    return pass_copy(Stage::split, at);
}

void Reference::count_split(bool at_start, bool at_end) {
    if (at_start && at_end)
        cases_->hit(CaseKind::split_both);
    else if (at_start)
        cases_->hit(CaseKind::split_start);
    else if (at_end)
        cases_->hit(CaseKind::split_end);
}

// Cuts the areas at both ends of a range that is to be unmapped, and puts aside what is between
// them (vms_gather_munmap_vmas()). Only when one area is cut twice does the count limit matter:
// then one area more would be left. What is sealed stays, and so does the cut that was made before
// that was seen.
Errno Reference::cut_out(Piece piece) {
    const bool at_start = inside_area(piece.start);
    const bool at_end = inside_area(piece.end);
    const bool one_area = at_start && at_end && area_end(piece.start) > piece.end;
    if (one_area && at_count_limit()) return Errno::enomem;
    const bool sealed = any_sealed(piece);
    if (!sealed) count_split(at_start, at_end);
    if (at_start && !any_sealed({piece.start, piece.start + 1})) {
        if (const Errno error = cut(piece.start, End::start); error != Errno::ok) return error;
    }
    bool any = false;
    for (std::size_t cell = piece.start; cell < piece.end;) {
        if (!mapped(cell)) {
            ++cell;
            continue;
        }
        if (any_sealed({cell, cell + 1})) return Errno::eperm;
        const std::size_t end = area_end(cell);
        if (end > piece.end) {
            if (const Errno error = cut(piece.end, End::end); error != Errno::ok) return error;
        }
        // The first one needs no memory to be put aside.
        const bool asks = any && !world_->profile->atomic;
        if (asks && log_->fails(Stage::detach)) return Errno::enomem;
        any = true;
        cell = std::min(end, piece.end);
    }
    return Errno::ok;
}

// munmap's own part (do_vmi_align_munmap()).
Errno Reference::unmap(Piece piece) {
    if (const Errno error = cut_out(piece); error != Errno::ok) return error;
    if (!world_->profile->atomic && log_->fails(Stage::clear)) return Errno::enomem;
    erase(piece);
    return Errno::ok;
}

bool Reference::any_sealed(Piece piece) const {
    for (std::size_t cell = piece.start; cell < piece.end; ++cell) {
        if (mapped(cell) && cells()[cell].attributes.flags.has(Flag::sealed)) return true;
    }
    return false;
}

// Unmaps the areas of a piece that is cut out at both ends, and calls their close hooks.
void Reference::erase(Piece piece) {
    for (std::size_t cell = piece.start; cell < piece.end; ++cell) {
        if (!mapped(cell) || inside_area(cell)) continue;
        const FileId file = cells()[cell].attributes.file;
        if (!world_->has_close_hook(file)) continue;
        log_->call_close(space_, file,
                         range_between(layout_.start(cell), layout_.start(area_end(cell))));
    }
    for (std::size_t cell = piece.start; cell < piece.end; ++cell) cells()[cell] = Cell{};
    if (mapped(piece.end)) {
        cells()[piece.end].boundary = true;
        cells()[piece.end].seam = Seam::none;
    }
}

// ---- Counters, counted anew. ----

std::uint64_t Reference::map_count() const {
    std::uint64_t areas = 0;
    for (const Cell& cell : cells()) areas += cell.mapped && cell.boundary ? 1U : 0U;
    return areas;
}

void Reference::count(Census& census) const {
    census.machine.committed = stray_committed_;
    census.machine.objects = 0;
    census.machine.files.assign(world_->files.size(), FileCounters{});
    for (std::size_t file = 0; file < world_->files.size(); ++file) {
        census.machine.files[file].references = stray_references_[file];
    }
    census.objects_alive.assign(objects_.size(), false);
    for (std::size_t space = 0; space < spaces_.size(); ++space) {
        census.spaces[space] = SpaceCounters{};
        if (!exists_[space]) continue;
        count_space(spaces_[space], census.spaces[space], census);
        census.spaces[space].locked += stray_locked_[space];
        census.spaces[space].brk = heap_end_[space].value;
    }
    for (std::size_t object = 0; object < objects_.size(); ++object) {
        if (!census.objects_alive[object]) continue;
        census.machine.objects += 1;
        if (objects_[object].charged) census.machine.committed += objects_[object].pages.value;
    }
}

// Linux: vm_stat_account() in mm/vma.c; a stack is neither code nor data.
void Reference::count_space(const std::vector<Cell>& cells, SpaceCounters& space,
                            Census& census) const {
    // Sums of their own, so that they need not be in memory from cell to cell: this loop is a tenth
    // of a checked step.
    SpaceCounters sum;
    std::uint64_t committed = 0;
    for (std::size_t index = 0; index < cells.size(); ++index) {
        const Cell& cell = cells[index];
        if (!cell.mapped) continue;
        const Flags flags = cell.attributes.flags;
        const std::uint64_t weight = layout_.weight(index).value;
        sum.total += weight;
        if (flags.has(Flag::grows_down))
            sum.stack += weight;
        else if (flags.has(Flag::exec) && !flags.has(Flag::write))
            sum.exec += weight;
        else if (flags.has(Flag::write) && !flags.has(Flag::shared))
            sum.data += weight;
        if (flags.has(Flag::account)) committed += weight;
        if (flags.has(Flag::locked)) sum.locked += weight;
        if (!cell.boundary) continue;
        sum.map_count += 1;
        if (!cell.attributes.file.none()) count_reference(cell, census);
    }
    space = sum;
    census.machine.committed += committed;
}

void Reference::count_reference(const Cell& cell, Census& census) {
    const std::size_t file = cell.attributes.file.value - 1;
    if (file >= census.machine.files.size()) {
        census.objects_alive[file - census.machine.files.size()] = true;
        return;
    }
    census.machine.files[file].references += 1;
    if (cell.attributes.flags.has(Flag::shared | Flag::may_write))
        census.machine.files[file].writable += 1;
}

}  // namespace vmacheck
