// What the tests of the entry points share: all layouts of a small world, on paper, and a space
// that is put into one of them.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "impl/address_space.h"

namespace vmacheck::impl {

inline constexpr std::size_t page_count = 6;
inline constexpr FileId closing{1};

// A page: of no area, of a plain one, or of one that is marked with what an entry point changes.
enum class Kind : char { hole, plain, marked };
inline Kind other(Kind kind) {
    return kind == Kind::plain ? Kind::marked : Kind::plain;
}

// The areas of a world on paper. A start between two pages of one kind is a seam that stays.
struct Layout {
    std::array<Kind, page_count> kinds{};
    std::array<bool, page_count + 1> starts{};  // The last one is the end of the world.
    friend bool operator==(const Layout&, const Layout&) = default;

    [[nodiscard]] bool mapped(std::size_t page) const {
        return page < page_count && kinds[page] != Kind::hole;
    }
    [[nodiscard]] std::size_t start_of(std::size_t page) const {
        while (!starts[page]) --page;
        return page;
    }
    [[nodiscard]] std::size_t end_of(std::size_t page) const {
        ++page;
        while (mapped(page) && !starts[page]) ++page;
        return page;
    }
    [[nodiscard]] std::uint32_t area_count() const {
        std::uint32_t count = 0;
        for (std::size_t page = 0; page < page_count; ++page) count += starts[page] ? 1U : 0U;
        return count;
    }
    [[nodiscard]] std::string picture() const {
        std::string drawn;
        for (std::size_t page = 0; page < page_count; ++page) {
            if (starts[page]) drawn += '|';
            drawn += ".aA"[static_cast<std::size_t>(kinds[page])];
        }
        return drawn;
    }
};

inline std::vector<Layout> all_layouts() {
    std::vector<Layout> layouts{Layout{}};
    for (std::size_t page = 0; page < page_count; ++page) {
        std::vector<Layout> longer;
        for (Layout layout : layouts) {
            for (const Kind kind : {Kind::hole, Kind::plain, Kind::marked}) {
                const bool may_go_on =
                    page > 0 && kind != Kind::hole && layout.kinds[page - 1] == kind;
                layout.kinds[page] = kind;
                layout.starts[page] = kind != Kind::hole;
                longer.push_back(layout);
                layout.starts[page] = false;
                if (may_go_on) longer.push_back(layout);
            }
        }
        layouts = std::move(longer);
    }
    return layouts;
}

// What makes a page `marked`, and the entry point that changes it.
struct Modifier {
    std::string name;
    std::function<void(Attributes& at)> mark;
    std::function<AddressSpace::Outcome(AddressSpace& space, Call& call, Cursor prev, Cursor middle,
                                        PageRange range, const Attributes& to)>
        call;
    friend std::ostream& operator<<(std::ostream& out, const Modifier& modifier) {
        return out << modifier.name;
    }
};

inline const Modifier modifiers[] = {
    {"flags", [](Attributes& at) { at.flags = at.flags | Flag::dont_dump; },
     [](AddressSpace& space, Call& call, Cursor prev, Cursor middle, PageRange range,
        const Attributes& to) {
         return space.vma_modify_flags(call, prev, middle, range, to.flags);
     }},
    {"flags_name",
     [](Attributes& at) {
         at.flags = at.flags | Flag::dont_dump;
         at.name = AreaName::a;
     },
     [](AddressSpace& space, Call& call, Cursor prev, Cursor middle, PageRange range,
        const Attributes& to) {
         return space.vma_modify_flags_name(call, prev, middle, range, to.flags, to.name);
     }},
    {"policy", [](Attributes& at) { at.policy = Policy::bind; },
     [](AddressSpace& space, Call& call, Cursor prev, Cursor middle, PageRange range,
        const Attributes& to) {
         return space.vma_modify_policy(call, prev, middle, range, to.policy, to.home_node);
     }},
    {"flags_uffd",
     [](Attributes& at) {
         at.flags = at.flags | Flag::uffd_missing;
         at.uffd = UffdContext::a;
     },
     [](AddressSpace& space, Call& call, Cursor prev, Cursor middle, PageRange range,
        const Attributes& to) {
         return space.vma_modify_flags_uffd(call, prev, middle, range, to.flags, to.uffd,
                                            AddressSpace::MergeOom::is_an_error);
     }},
};

// A space that is put into a layout, asked once, and looked at.
class Trial {
  public:
    Trial(const Modifier& modifier, FileId file, const Layout& layout, const Failure& failure)
        : modifier_(modifier), file_(file), before_(layout) {
        File closes;
        closes.driver = {true, false, true};
        world.pages = PageCount{page_count};
        world.files.push_back(closes);
        ledger.create(world.files.size());
        space.create(SpaceId{});
        log.begin(Failure{});
        for (std::size_t page = 0; page < page_count; ++page) {
            if (!layout.starts[page]) continue;
            const PageRange range = pages(page, layout.end_of(page));
            space.add_initial(call, {range, attributes(layout.kinds[page], page)});
        }
        log.begin(failure);
    }

    [[nodiscard]] static PageRange pages(std::size_t from, std::size_t to) {
        return range_between(Page{from}, Page{to});
    }
    [[nodiscard]] Attributes attributes(Kind kind, std::size_t page) const {
        Attributes at;
        at.flags = Flag::read | Flag::may_read;
        at.pgoff = page;
        at.file = file_;
        if (kind == Kind::marked) modifier_.mark(at);
        return at;
    }
    [[nodiscard]] Cursor find(std::size_t page) const { return space.vmas().find(Page{page}); }

    // Gives [from, to), which lies in one area, the other kind.
    [[nodiscard]] AddressSpace::Outcome modify(std::size_t from, std::size_t to) {
        const Cursor middle = find(from);
        const bool inside = !before_.starts[from];
        const Cursor prev = inside ? middle : space.vmas().before(middle);
        const Attributes wanted = attributes(other(before_.kinds[from]), from);
        return modifier_.call(space, call, prev, middle, pages(from, to), wanted);
    }

    // The layout that the space is in now, and whether all else about it is right.
    [[nodiscard]] Layout after() {
        Ledger counted = ledger;
        counted.forget_areas();
        space.verify(world, counted);
        EXPECT_EQ(counted.files(), ledger.files());
        Layout layout;
        const VmaList& list = space.vmas();
        for (Cursor at = list.first(); at != list.end(); at = list.next(at)) {
            const Vma& vma = list.at(at);
            const Kind kind = vma.attributes == attributes(Kind::plain, vma.start.value)
                                  ? Kind::plain
                                  : Kind::marked;
            EXPECT_EQ(vma.attributes, attributes(kind, vma.start.value));
            layout.starts[vma.start.value] = true;
            for (std::size_t page = vma.start.value; page < vma.end.value; ++page) {
                layout.kinds[page] = kind;
            }
        }
        return layout;
    }

    World world;
    Ledger ledger;
    StepLog log;
    Call call{world, ledger, log, false};
    AddressSpace space;

  private:
    const Modifier& modifier_;
    FileId file_;
    Layout before_;
};

inline const Failure failures[] = {
    {},
    {Failure::Kind::at_stage, Stage::merge, 1},
    {Failure::Kind::at_stage, Stage::split, 1},
    {Failure::Kind::at_stage, Stage::split, 2},
};

inline bool fails_at(const Failure& failure, Stage stage, unsigned k) {
    return failure.kind == Failure::Kind::at_stage && failure.stage == stage && failure.k == k;
}

// Calls `body` for each layout, each range within one of its areas, and each failure.
template <class Body>
void for_each_range(const Body& body) {
    for (const Layout& layout : all_layouts()) {
        for (std::size_t from = 0; from < page_count; ++from) {
            if (!layout.mapped(from)) continue;
            for (std::size_t to = from + 1; to <= layout.end_of(from); ++to) {
                for (const Failure& failure : failures) body(layout, from, to, failure);
            }
        }
    }
}

}  // namespace vmacheck::impl
