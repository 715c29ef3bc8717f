// The one list of operations: as long as there are operations, for it is to be found in one place.
//
// An operation is a record of typed fields. Its meaning is written twice: page by page in
// model/reference*.cpp, area by area in impl/. Text, generator and minimizer derive from
// `name` and `fields`, so a new operation costs no line there unless it brings a new type of field.
// Operations are total: any of them on any state answers ok or an errno.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <variant>

#include "model/attributes.h"
#include "model/flags.h"
#include "model/page.h"
#include "model/pkey.h"
#include "model/uffd.h"

namespace vmacheck {

// What a mapping is backed by: nothing (anonymous), or a file from page `offset` on.
struct Backing {
    FileId file;
    std::uint64_t offset = 0;
    friend constexpr bool operator==(const Backing&, const Backing&) = default;
};
// Largest file in whole pages: MAX_LFS_FILESIZE of a 64-bit kernel is 2^63 - 1 bytes.
inline constexpr std::uint64_t file_pages_max = (std::uint64_t{1} << 51) - 1;

// The type of a mapping. What is droppable (MAP_DROPPABLE) is private, and may be thrown away.
enum class Sharing : std::uint8_t { is_private, is_shared, droppable };
inline constexpr std::array<std::string_view, 3> sharing_names = {"private", "shared", "droppable"};

// Where mmap may put the pages. A program speaks of the addresses that it got: without `fixed` the
// range must be free, or the answer is EEXIST, for the kernel would have gone elsewhere. That it
// also would for a hint in the guard gap of a stack is left out.
enum class Placement : std::uint8_t { hint, noreplace, fixed };
inline constexpr std::array<std::string_view, 3> placement_names = {"", "noreplace", "fixed"};

enum class Reserve : std::uint8_t { reserve, noreserve };
inline constexpr std::array<std::string_view, 2> reserve_names = {"", "noreserve"};

// The advices of madvise: first those that change flags, then those that do not. Of the latter most
// are about what pages hold, which is nobody's matter here, and have only their errors. Append
// only.
enum class Advice : std::uint8_t {
    normal,
    sequential,
    random,
    dontfork,
    dofork,
    wipeonfork,
    keeponfork,
    dontdump,
    dodump,
    mergeable,
    unmergeable,
    hugepage,
    nohugepage,
    dontneed,
    willneed,
    cold,
    pageout,
    free,
    dontneed_locked,
    remove,
    populate_read,  // Faults, as an access to every page in turn makes them.
    populate_write,
    guard_install,  // Pages that no access reaches, though they stay mapped.
    guard_remove,
};
inline constexpr std::array<std::string_view, 24> advice_names = {
    "normal",        "sequential",     "random",        "dontfork",        "dofork",
    "wipeonfork",    "keeponfork",     "dontdump",      "dodump",          "mergeable",
    "unmergeable",   "hugepage",       "nohugepage",    "dontneed",        "willneed",
    "cold",          "pageout",        "free",          "dontneed_locked", "remove",
    "populate_read", "populate_write", "guard_install", "guard_remove",
};

constexpr bool is_of_guards(Advice advice) {
    return advice == Advice::guard_install || advice == Advice::guard_remove;
}

// How mlock and mlockall lock: pages are made present at once, or when they are used.
enum class LockMode : std::uint8_t { populate, on_fault };
inline constexpr std::array<std::string_view, 2> lock_mode_names = {"", "onfault"};

// What mlockall is about: MCL_CURRENT, MCL_FUTURE, both, or by mistake neither.
enum class LockScope : std::uint8_t { current, future, both, neither };
inline constexpr std::array<std::string_view, 4> lock_scope_names = {"current", "future", "both",
                                                                     "neither"};

// Pages are made present when they are mapped (MAP_POPULATE), and locked as well (MAP_LOCKED).
enum class Populate : std::uint8_t { later, populate, locked };
inline constexpr std::array<std::string_view, 3> populate_names = {"", "populate", "locked"};

// What a mapping is for: a stack that grows down to what is used below it (MAP_GROWSDOWN), or one
// that does not (MAP_STACK), which is without huge pages.
enum class StackKind : std::uint8_t { none, grows_down, stack };
inline constexpr std::array<std::string_view, 3> stack_kind_names = {"", "growsdown", "stack"};

// Whether mprotect goes down to the start of a stack (PROT_GROWSDOWN).
enum class Reach : std::uint8_t { range, grows_down };
inline constexpr std::array<std::string_view, 2> reach_names = {"", "growsdown"};

// Whether mremap may move the pages: not at all, if they cannot grow where they are
// (MREMAP_MAYMOVE), or in any case and over whatever is there (MREMAP_FIXED as well).
enum class Moving : std::uint8_t { stay, may_move, fixed };
inline constexpr std::array<std::string_view, 3> moving_names = {"", "maymove", "fixed"};

// Whether the place that mremap moved pages from is unmapped, or stays with nothing in it
// (MREMAP_DONTUNMAP).
enum class OldPlace : std::uint8_t { unmap, dont_unmap };
inline constexpr std::array<std::string_view, 2> old_place_names = {"", "dontunmap"};

enum class Access : std::uint8_t { write, read };
inline constexpr std::array<std::string_view, 2> access_names = {"", "read"};

// What PR_SET_MEMORY_MERGE is set to.
enum class MergeAny : std::uint8_t { off, on };
inline constexpr std::array<std::string_view, 2> merge_any_names = {"off", "on"};

// How a page is accessed: on behalf of the program, by get_user_pages(), which grows no stack; or
// by the program itself, by a page fault, which does.
enum class Through : std::uint8_t { kernel, fault };
inline constexpr std::array<std::string_view, 2> through_names = {"", "fault"};

// The words of the values of each field type that is an enum, in the order of the values. The value
// whose word is empty is the default: printed as nothing, and optional in a text.
using Names = std::span<const std::string_view>;
constexpr Names names_of(Sharing) {
    return sharing_names;
}
constexpr Names names_of(Placement) {
    return placement_names;
}
constexpr Names names_of(Reserve) {
    return reserve_names;
}
constexpr Names names_of(Advice) {
    return advice_names;
}
constexpr Names names_of(Access) {
    return access_names;
}
constexpr Names names_of(LockMode) {
    return lock_mode_names;
}
constexpr Names names_of(LockScope) {
    return lock_scope_names;
}
constexpr Names names_of(Populate) {
    return populate_names;
}
constexpr Names names_of(StackKind) {
    return stack_kind_names;
}
constexpr Names names_of(Reach) {
    return reach_names;
}
constexpr Names names_of(Pkey) {
    return pkey_names;
}
constexpr Names names_of(Through) {
    return through_names;
}
constexpr Names names_of(MergeAny) {
    return merge_any_names;
}
constexpr Names names_of(Moving) {
    return moving_names;
}
constexpr Names names_of(OldPlace) {
    return old_place_names;
}
constexpr Names names_of(Policy) {
    return policy_names;
}
constexpr Names names_of(AreaName) {
    return area_names;
}
constexpr Names names_of(Uffd) {
    return uffd_names;
}
constexpr Names names_of(UffdMode) {
    return uffd_mode_names;
}

// All of them.
using FieldEnums = std::tuple<Sharing, Placement, Reserve, Advice, Access, LockMode, LockScope,
                              Populate, Moving, OldPlace, Policy, AreaName, Uffd, UffdMode,
                              StackKind, Reach, Through, Pkey, MergeAny>;

// An address space of the program. Space 0 is there from the start.
struct SpaceId {
    std::uint8_t value = 0;
    friend constexpr auto operator<=>(SpaceId, SpaceId) = default;
};

template <class Op, class Type>
struct Field {
    std::string_view name;
    Type Op::*member;
};
template <class Op, class Type>
Field(const char*, Type Op::*) -> Field<Op, Type>;

// Map `range`. Without `fixed` and on free pages only; with it, what is there goes first.
struct Mmap {
    PageRange range;
    Prot prot;
    Backing backing;
    Sharing sharing = Sharing::is_private;
    Placement placement = Placement::hint;
    Reserve reserve = Reserve::reserve;
    Populate populate = Populate::later;
    StackKind stack = StackKind::none;

    static constexpr std::string_view name = "mmap";
    static constexpr auto fields =
        std::make_tuple(Field{"range", &Mmap::range}, Field{"prot", &Mmap::prot},
                        Field{"backing", &Mmap::backing}, Field{"sharing", &Mmap::sharing},
                        Field{"placement", &Mmap::placement}, Field{"reserve", &Mmap::reserve},
                        Field{"populate", &Mmap::populate}, Field{"stack", &Mmap::stack});
    friend constexpr bool operator==(const Mmap&, const Mmap&) = default;
};

// Unmap every page of `range`; holes are welcome.
struct Munmap {
    PageRange range;

    static constexpr std::string_view name = "munmap";
    static constexpr auto fields = std::make_tuple(Field{"range", &Munmap::range});
    friend constexpr bool operator==(const Munmap&, const Munmap&) = default;
};

// Give every page of `range` the protection `prot`. With `growsdown` it starts where the first area
// of the range does, which is a stack. With a protection key it is pkey_mprotect.
struct Mprotect {
    PageRange range;
    Prot prot;
    Reach reach = Reach::range;
    Pkey pkey = Pkey::keep;

    static constexpr std::string_view name = "mprotect";
    static constexpr auto fields =
        std::make_tuple(Field{"range", &Mprotect::range}, Field{"prot", &Mprotect::prot},
                        Field{"reach", &Mprotect::reach}, Field{"pkey", &Mprotect::pkey});
    friend constexpr bool operator==(const Mprotect&, const Mprotect&) = default;
};

struct Madvise {
    PageRange range;
    Advice advice = Advice::normal;

    static constexpr std::string_view name = "madvise";
    static constexpr auto fields =
        std::make_tuple(Field{"range", &Madvise::range}, Field{"advice", &Madvise::advice});
    friend constexpr bool operator==(const Madvise&, const Madvise&) = default;
};

// Access every page of `range` in turn: EFAULT at the first page that is not mapped, does not
// permit it, or lies behind the end of its file. By a fault, a stack above a hole grows down over
// it.
struct Touch {
    PageRange range;
    Access access = Access::write;
    Through through = Through::kernel;

    static constexpr std::string_view name = "touch";
    static constexpr auto fields =
        std::make_tuple(Field{"range", &Touch::range}, Field{"access", &Touch::access},
                        Field{"through", &Touch::through});
    friend constexpr bool operator==(const Touch&, const Touch&) = default;
};

// Copy the address space into `child`, which must not exist yet (EEXIST).
struct Fork {
    SpaceId child;

    static constexpr std::string_view name = "fork";
    static constexpr auto fields = std::make_tuple(Field{"child", &Fork::child});
    friend constexpr bool operator==(const Fork&, const Fork&) = default;
};

// Lock every page of `range` into memory.
struct Mlock {
    PageRange range;
    LockMode mode = LockMode::populate;

    static constexpr std::string_view name = "mlock";
    static constexpr auto fields =
        std::make_tuple(Field{"range", &Mlock::range}, Field{"mode", &Mlock::mode});
    friend constexpr bool operator==(const Mlock&, const Mlock&) = default;
};

struct Munlock {
    PageRange range;

    static constexpr std::string_view name = "munlock";
    static constexpr auto fields = std::make_tuple(Field{"range", &Munlock::range});
    friend constexpr bool operator==(const Munlock&, const Munlock&) = default;
};

// Lock the areas there are, or those to come, or both.
struct Mlockall {
    LockScope scope = LockScope::current;
    LockMode mode = LockMode::populate;

    static constexpr std::string_view name = "mlockall";
    static constexpr auto fields =
        std::make_tuple(Field{"scope", &Mlockall::scope}, Field{"mode", &Mlockall::mode});
    friend constexpr bool operator==(const Mlockall&, const Mlockall&) = default;
};

struct Munlockall {
    static constexpr std::string_view name = "munlockall";
    static constexpr auto fields = std::make_tuple();
    friend constexpr bool operator==(const Munlockall&, const Munlockall&) = default;
};

// Seal every page of `range`, for ever.
struct Mseal {
    PageRange range;

    static constexpr std::string_view name = "mseal";
    static constexpr auto fields = std::make_tuple(Field{"range", &Mseal::range});
    friend constexpr bool operator==(const Mseal&, const Mseal&) = default;
};

// Name anonymous memory (prctl PR_SET_VMA_ANON_NAME); `none` takes its name away.
struct AnonName {
    PageRange range;
    AreaName to = AreaName::none;

    static constexpr std::string_view name = "anon_name";
    static constexpr auto fields =
        std::make_tuple(Field{"range", &AnonName::range}, Field{"name", &AnonName::to});
    friend constexpr bool operator==(const AnonName&, const AnonName&) = default;
};

// Give every page of `range` a memory policy; `default` takes it away.
struct Mbind {
    PageRange range;
    Policy policy = Policy::none;

    static constexpr std::string_view name = "mbind";
    static constexpr auto fields =
        std::make_tuple(Field{"range", &Mbind::range}, Field{"policy", &Mbind::policy});
    friend constexpr bool operator==(const Mbind&, const Mbind&) = default;
};

// Give the policies of `range` a home node (set_mempolicy_home_node).
struct HomeNode {
    PageRange range;

    static constexpr std::string_view name = "home_node";
    static constexpr auto fields = std::make_tuple(Field{"range", &HomeNode::range});
    friend constexpr bool operator==(const HomeNode&, const HomeNode&) = default;
};

// Make `from` as long as `to`, where it is or at `to`. A program speaks of the addresses that it
// got: without `fixed`, pages that have to move find `to` free, or the answer is EEXIST, for the
// kernel would have gone elsewhere. An empty `from` maps shared pages a second time.
struct Mremap {
    PageRange from;
    PageRange to;
    Moving moving = Moving::stay;
    OldPlace old_place = OldPlace::unmap;

    static constexpr std::string_view name = "mremap";
    static constexpr auto fields =
        std::make_tuple(Field{"from", &Mremap::from}, Field{"to", &Mremap::to},
                        Field{"moving", &Mremap::moving}, Field{"old_place", &Mremap::old_place});
    friend constexpr bool operator==(const Mremap&, const Mremap&) = default;
};

// Register the areas of `range` with a userfaultfd (UFFDIO_REGISTER).
struct UffdRegister {
    PageRange range;
    Uffd uffd = Uffd::a;
    UffdMode mode = UffdMode::missing;

    static constexpr std::string_view name = "uffd_register";
    static constexpr auto fields =
        std::make_tuple(Field{"range", &UffdRegister::range}, Field{"uffd", &UffdRegister::uffd},
                        Field{"mode", &UffdRegister::mode});
    friend constexpr bool operator==(const UffdRegister&, const UffdRegister&) = default;
};

// Take the areas of `range` away from it (UFFDIO_UNREGISTER).
struct UffdUnregister {
    PageRange range;
    Uffd uffd = Uffd::a;

    static constexpr std::string_view name = "uffd_unregister";
    static constexpr auto fields = std::make_tuple(Field{"range", &UffdUnregister::range},
                                                   Field{"uffd", &UffdUnregister::uffd});
    friend constexpr bool operator==(const UffdUnregister&, const UffdUnregister&) = default;
};

// Close a userfaultfd. The next operation that names it opens another.
struct UffdClose {
    Uffd uffd = Uffd::a;

    static constexpr std::string_view name = "uffd_close";
    static constexpr auto fields = std::make_tuple(Field{"uffd", &UffdClose::uffd});
    friend constexpr bool operator==(const UffdClose&, const UffdClose&) = default;
};

// Make the heap end at `to`. It starts where the world says (mm->start_brk); ENOMEM is the old
// break that the kernel returns instead of an error.
struct Brk {
    Page to;

    static constexpr std::string_view name = "brk";
    static constexpr auto fields = std::make_tuple(Field{"to", &Brk::to});
    friend constexpr bool operator==(const Brk&, const Brk&) = default;
};

// Map other pages of the file that `range` is a shared mapping of, from its page `offset` on.
struct RemapFilePages {
    PageRange range;
    FilePage offset;

    static constexpr std::string_view name = "remap_file_pages";
    static constexpr auto fields = std::make_tuple(Field{"range", &RemapFilePages::range},
                                                   Field{"offset", &RemapFilePages::offset});
    friend constexpr bool operator==(const RemapFilePages&, const RemapFilePages&) = default;
};

// Let KSM deduplicate all private memory of the space, or none (prctl PR_SET_MEMORY_MERGE): what is
// there gets the flag or loses it where it is, and what is mapped later has it from the start.
struct MemoryMerge {
    MergeAny to = MergeAny::off;

    static constexpr std::string_view name = "memory_merge";
    static constexpr auto fields = std::make_tuple(Field{"to", &MemoryMerge::to});
    friend constexpr bool operator==(const MemoryMerge&, const MemoryMerge&) = default;
};

using Op = std::variant<Mmap, Munmap, Mprotect, Madvise, Touch, Fork, Mlock, Munlock, Mlockall,
                        Munlockall, Mseal, AnonName, Mbind, HomeNode, Mremap, UffdRegister,
                        UffdUnregister, UffdClose, Brk, RemapFilePages, MemoryMerge>;
inline constexpr std::size_t op_count = std::variant_size_v<Op>;

// The index of an operation in Op.
template <class Wanted, std::size_t index = 0>
constexpr std::size_t op_index() {
    if constexpr (std::is_same_v<std::variant_alternative_t<index, Op>, Wanted>) {
        return index;
    } else {
        return op_index<Wanted, index + 1>();
    }
}

// The names of the alternatives of a variant.
template <class>
inline constexpr bool names_of_alternatives = false;
template <class... Ops>
inline constexpr std::array<std::string_view, sizeof...(Ops)>
    names_of_alternatives<std::variant<Ops...>> = {Ops::name...};

// The name of the operation with index `kind` in Op.
constexpr std::string_view op_name(std::size_t kind) {
    return names_of_alternatives<Op>[kind];
}

// Calls visit(field, value) for every field of `op`, in the order of its text.
template <class OpType, class Visit>
constexpr void for_each_field(OpType& op, Visit&& visit) {
    std::apply([&](const auto&... field) { (visit(field, op.*field.member), ...); },
               std::remove_const_t<OpType>::fields);
}

// Calls visit(range) for every range of `op`, in the order of its text.
template <class OpVariant, class Visit>
constexpr void for_each_range(OpVariant& op, Visit&& visit) {
    std::visit(
        [&](auto& typed) {
            for_each_field(typed, [&](const auto&, auto& value) {
                if constexpr (std::is_same_v<std::remove_cvref_t<decltype(value)>, PageRange>)
                    visit(value);
            });
        },
        op);
}

}  // namespace vmacheck
