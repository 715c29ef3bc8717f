// Neighbours; see the header.
#include "search/mutate_neighbour.h"

#include <array>

#include "model/advices.h"

namespace vmacheck {
namespace {

const Cell* cell_at(const std::vector<Cell>& cells, std::uint64_t page) {
    return page < cells.size() ? &cells[page] : nullptr;
}

// The offset that continues that of the neighbour; none if it would be negative.
std::optional<std::uint64_t> linear_offset(const Neighbour& neighbour) {
    const std::uint64_t beside = neighbour.cell->attributes.pgoff;
    if (neighbour.is_left) return beside + 1;
    const std::uint64_t count = neighbour.range.count.value;
    if (beside < count) return std::nullopt;
    return beside - count;
}

// ---- What the neighbour carries, for each type of field. ----

// The advice that takes away one difference between `from` and `to`.
std::optional<Advice> advice_towards(Flags from, Flags to, Source& source) {
    std::array<Advice, advices_of_flags.size()> found{};
    std::size_t count = 0;
    for (const AdviceOfFlag& row : advices_of_flags) {
        if (from.has(row.flag) == to.has(row.flag)) continue;
        found[count++] = to.has(row.flag) ? row.sets : row.clears;
    }
    if (count == 0) return std::nullopt;
    return found[source.below(count)];
}

void copy(const Neighbour& neighbour, Prot& prot, Source& /*source*/) {
    prot.flags = neighbour.cell->attributes.flags & access_flags;
}
void copy(const Neighbour& neighbour, Backing& backing, Source& /*source*/) {
    const FileId file = neighbour.cell->attributes.file;
    backing = Backing{};
    if (file.none() || file.value > neighbour.files) return;
    backing = {file, linear_offset(neighbour).value_or(0)};
}
void copy(const Neighbour& neighbour, Sharing& sharing, Source& /*source*/) {
    const Flags flags = neighbour.cell->attributes.flags;
    sharing = flags.has(Flag::may_share) ? Sharing::is_shared : Sharing::is_private;
    if (flags.has(Flag::droppable)) sharing = Sharing::droppable;
}
void copy(const Neighbour& neighbour, StackKind& stack, Source& /*source*/) {
    const bool grows = neighbour.cell->attributes.flags.has(Flag::grows_down);
    stack = grows ? StackKind::grows_down : StackKind::none;
}
void copy(const Neighbour& neighbour, FilePage& page, Source& /*source*/) {
    page.value = linear_offset(neighbour).value_or(0);
}
void copy(const Neighbour& neighbour, Reserve& reserve, Source& /*source*/) {
    const bool has_none = neighbour.cell->attributes.flags.has(Flag::noreserve);
    reserve = has_none ? Reserve::noreserve : Reserve::reserve;
}
void copy(const Neighbour& neighbour, Advice& advice, Source& source) {
    if (neighbour.own == nullptr || !neighbour.own->mapped) return;
    advice =
        advice_towards(neighbour.own->attributes.flags, neighbour.cell->attributes.flags, source)
            .value_or(advice);
}
void copy(const Neighbour& neighbour, LockMode& mode, Source& /*source*/) {
    const bool on_fault = neighbour.cell->attributes.flags.has(Flag::lock_on_fault);
    mode = on_fault ? LockMode::on_fault : LockMode::populate;
}
void copy(const Neighbour& neighbour, Populate& populate, Source& /*source*/) {
    const bool locked = neighbour.cell->attributes.flags.has(Flag::locked);
    populate = locked ? Populate::locked : Populate::later;
}
void copy(const Neighbour& neighbour, Policy& policy, Source& /*source*/) {
    policy = neighbour.cell->attributes.policy;
}
void copy(const Neighbour& neighbour, AreaName& name, Source& /*source*/) {
    name = neighbour.cell->attributes.name;
}
// What has a context keeps it, for it belongs to nobody else before that was taken away.
void copy(const Neighbour& neighbour, Uffd& uffd, Source& /*source*/) {
    const bool registered = neighbour.own != nullptr && neighbour.own->mapped &&
                            neighbour.own->attributes.uffd != UffdContext::none;
    const Cell& cell = registered ? *neighbour.own : *neighbour.cell;
    if (cell.attributes.uffd == UffdContext::none) return;
    uffd = uffd_of(cell.attributes.uffd);
}
void copy(const Neighbour& neighbour, UffdMode& mode, Source& /*source*/) {
    const Flags flags = neighbour.cell->attributes.flags;
    if (flags.has_any(uffd_flags)) mode = mode_of(flags);
}
void copy(const Neighbour& neighbour, Pkey& pkey, Source& /*source*/) {
    const Flags own = neighbour.own == nullptr ? Flags{} : neighbour.own->attributes.flags;
    const Flags wanted = neighbour.cell->attributes.flags;
    if (pkey_of(own) != pkey_of(wanted)) pkey = pkey_named(pkey_of(wanted));
}
// These are no matter of the neighbour.
void copy(const Neighbour& /*neighbour*/, LockScope& /*scope*/, Source& /*source*/) {}
void copy(const Neighbour& /*neighbour*/, MergeAny& /*to*/, Source& /*source*/) {}
void copy(const Neighbour& /*neighbour*/, PageRange& /*range*/, Source& /*source*/) {}
void copy(const Neighbour& /*neighbour*/, Placement& /*placement*/, Source& /*source*/) {}
void copy(const Neighbour& /*neighbour*/, Access& /*access*/, Source& /*source*/) {}
void copy(const Neighbour& /*neighbour*/, Page& /*page*/, Source& /*source*/) {}
void copy(const Neighbour& /*neighbour*/, Through& /*through*/, Source& /*source*/) {}
void copy(const Neighbour& /*neighbour*/, Reach& /*reach*/, Source& /*source*/) {}
void copy(const Neighbour& /*neighbour*/, Moving& /*moving*/, Source& /*source*/) {}
void copy(const Neighbour& /*neighbour*/, OldPlace& /*old_place*/, Source& /*source*/) {}
void copy(const Neighbour& /*neighbour*/, SpaceId& /*space*/, Source& /*source*/) {}

}  // namespace

bool is_mapped(const std::vector<Cell>& cells, std::uint64_t page) {
    return page < cells.size() && cells[page].mapped;
}

std::optional<Neighbour> find_neighbour(const std::vector<Cell>& cells, PageRange range,
                                        const World& world, Source& source) {
    const std::uint64_t start = range.start.value;
    const std::uint64_t end = range.end().value;
    const bool has_left = start > 0 && is_mapped(cells, start - 1);
    const bool has_right = is_mapped(cells, end);
    if (range.empty() || (!has_left && !has_right)) return std::nullopt;
    const bool is_left = has_left && (!has_right || source.below(2) == 0);
    return Neighbour{&cells[is_left ? start - 1 : end], cell_at(cells, is_left ? start : end - 1),
                     is_left, range, world.files.size()};
}

bool copy_neighbour(const Neighbour& neighbour, Op& op, Source& source) {
    const Op before = op;
    std::visit(
        [&](auto& typed) {
            for_each_field(typed,
                           [&](const auto&, auto& value) { copy(neighbour, value, source); });
        },
        op);
    return op != before;
}

Op op_towards(const Neighbour& neighbour, Source& source) {
    const PageRange piece = neighbour.range;
    Mmap mmap;
    mmap.range = piece;
    mmap.placement = Placement::fixed;
    Op op = mmap;
    if (neighbour.own != nullptr && neighbour.own->mapped) {
        const Flags from = neighbour.own->attributes.flags;
        const Flags to = neighbour.cell->attributes.flags;
        const Flags protection = access_flags | pkey_flags;
        const bool other_access = (from & protection) != (to & protection);
        const Attributes& own = neighbour.own->attributes;
        const Attributes& wanted = neighbour.cell->attributes;
        const auto advice = advice_towards(from, to, source);
        // One of the operations that take a difference away.
        std::uint64_t found = 0;
        const auto offer = [&](bool differs, const Op& change) {
            if (differs && source.below(++found) == 0) op = change;
        };
        offer(other_access, Mprotect{piece, {}});
        if (advice) offer(true, Madvise{piece, *advice});
        const bool same_locks = (from & locked_flags) == (to & locked_flags);
        if (to.has(Flag::locked))
            offer(!same_locks, Mlock{piece, LockMode::populate});
        else
            offer(!same_locks, Munlock{piece});
        offer(own.policy != wanted.policy, Mbind{piece, Policy::none});
        offer(own.policy == wanted.policy && wanted.home_node && !own.home_node, HomeNode{piece});
        const bool is_linear =
            linear_offset(neighbour) == own.pgoff - (neighbour.is_left ? 0 : piece.count.value - 1);
        offer(!is_linear && own.file == wanted.file && from.has(Flag::shared),
              RemapFilePages{piece, {}});
        offer(own.name != wanted.name, AnonName{piece, AreaName::none});
        const bool same_uffd = own.uffd == wanted.uffd && (from & uffd_flags) == (to & uffd_flags);
        if (own.uffd == UffdContext::none || own.uffd == wanted.uffd)
            offer(!same_uffd, UffdRegister{piece});
        else
            offer(true, UffdUnregister{piece});
    }
    copy_neighbour(neighbour, op, source);
    return op;
}

}  // namespace vmacheck
