// How each type of field stands in the bytes of a step record. Only model/binary*.cpp include this.
//
// FieldForm<Type> says how many bytes a field takes, reads it (any bytes give a value that fits the
// world), and writes it (or says why it does not fit). What was written reads back as it was. Zero
// bytes are the default of the field; a range has none, and is the first page.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>

#include "model/binary.h"
#include "model/text.h"
#include "model/text_fields.h"

namespace vmacheck::binary {

using Misfit = std::optional<std::string>;

inline Misfit too_many(std::uint64_t count, const char* noun, std::uint64_t max) {
    return std::to_string(count) + " " + noun + ", more than " + std::to_string(max);
}

// Offsets in files and sizes of files take two bytes; see has_stored_form().
constexpr std::uint64_t pages_of(std::uint16_t stored) {
    return stored < near_pages_end ? stored : far_pages_start + (stored - near_pages_end);
}
// Only if there is one.
constexpr std::uint16_t stored_form(std::uint64_t pages) {
    return static_cast<std::uint16_t>(
        pages < near_pages_end ? pages : near_pages_end + (pages - far_pages_start));
}
static_assert(pages_of(0xffff) == file_pages_max);
static_assert(stored_form(pages_of(0xff00)) == 0xff00);

// A range of at least one page inside of a world of `pages` pages.
constexpr PageRange range_inside(std::uint8_t start, std::uint8_t count, PageCount pages) {
    const std::uint64_t first = start % pages.value;
    const std::uint64_t room = pages.value - first;
    const bool fits = count >= 1 && count <= room;
    return {Page{first}, PageCount{fits ? count : 1 + count % room}};
}
constexpr bool is_inside(PageRange range, PageCount pages) {
    return !range.empty() && range.end().value <= pages.value;
}

class FieldReader {
  public:
    FieldReader(const std::uint8_t* bytes, const World& world, bool literal_ranges)
        : at_(bytes), world_(world), literal_ranges_(literal_ranges) {}

    [[nodiscard]] std::uint8_t byte() { return *at_++; }
    [[nodiscard]] std::uint16_t two_bytes() {
        const unsigned low = byte();
        return static_cast<std::uint16_t>(low | unsigned{byte()} << 8);
    }
    [[nodiscard]] const World& world() const { return world_; }
    // Ranges are the numbers that stand there. Else they are made to lie in the world.
    [[nodiscard]] bool literal_ranges() const { return literal_ranges_; }

  private:
    const std::uint8_t* at_;
    const World& world_;
    const bool literal_ranges_;
};

class FieldWriter {
  public:
    FieldWriter(std::uint8_t* bytes, Misfit& misfit) : at_(bytes), misfit_(misfit) {}

    void byte(std::uint8_t value) { *at_++ = value; }
    void two_bytes(std::uint16_t value) {
        byte(static_cast<std::uint8_t>(value & 0xff));
        byte(static_cast<std::uint8_t>(value >> 8));
    }
    // An offset or a size; `noun` names it where it has no form.
    void pages(std::uint64_t pages, const char* noun) {
        if (has_stored_form(pages)) return two_bytes(stored_form(pages));
        refuse(std::string(noun) + " of " + std::to_string(pages) +
               " pages is neither below 65280 nor at most 255 pages below the largest file");
    }
    void refuse(std::string reason) { misfit_ = std::move(reason); }

  private:
    std::uint8_t* at_;
    Misfit& misfit_;
};

template <class Type>
struct FieldForm;

// Whether ranges are literal is said once in a step, for all of them.
template <>
struct FieldForm<PageRange> {
    static constexpr std::size_t size = 2;
    static PageRange read(FieldReader& bytes) {
        const std::uint8_t start = bytes.byte();
        const std::uint8_t count = bytes.byte();
        if (bytes.literal_ranges()) return {Page{start}, PageCount{count}};
        return range_inside(start, count, bytes.world().pages);
    }
    static void write(FieldWriter& bytes, PageRange range) {
        if (range.start.value > UINT8_MAX || range.count.value > UINT8_MAX) {
            std::string reason = "the range ";
            print_range(reason, range);
            return bytes.refuse(reason + " has a number above 255");
        }
        bytes.byte(static_cast<std::uint8_t>(range.start.value));
        bytes.byte(static_cast<std::uint8_t>(range.count.value));
    }
};

// A page of the world, or the end of it.
template <>
struct FieldForm<Page> {
    static constexpr std::size_t size = 1;
    static Page read(FieldReader& bytes) {
        const std::uint64_t page = bytes.byte();
        return Page{bytes.literal_ranges() ? page : page % (bytes.world().pages.value + 1)};
    }
    static void write(FieldWriter& bytes, Page page) {
        if (page.value > UINT8_MAX) {
            return bytes.refuse("the page " + std::to_string(page.value) + " is above 255");
        }
        bytes.byte(static_cast<std::uint8_t>(page.value));
    }
};

template <>
struct FieldForm<FilePage> {
    static constexpr std::size_t size = 2;
    static FilePage read(FieldReader& bytes) { return {pages_of(bytes.two_bytes())}; }
    static void write(FieldWriter& bytes, FilePage page) { bytes.pages(page.value, "an offset"); }
};

template <>
struct FieldForm<Prot> {
    static constexpr std::size_t size = 1;
    static Prot read(FieldReader& bytes) { return {Flags::of(bytes.byte()) & access_flags}; }
    static void write(FieldWriter& bytes, Prot prot) {
        bytes.byte(static_cast<std::uint8_t>(prot.flags.bits));
    }
};
static_assert(access_flags.bits == 7, "the three low bits of a byte are a protection");

template <>
struct FieldForm<Backing> {
    static constexpr std::size_t size = 3;
    static Backing read(FieldReader& bytes) {
        Backing backing;
        backing.file.value =
            static_cast<std::uint32_t>(bytes.byte() % (bytes.world().files.size() + 1));
        const std::uint16_t offset = bytes.two_bytes();
        if (!backing.file.none()) backing.offset = pages_of(offset);
        return backing;
    }
    static void write(FieldWriter& bytes, const Backing& backing) {
        bytes.byte(static_cast<std::uint8_t>(backing.file.value));
        bytes.pages(backing.offset, "the offset");
    }
};

template <>
struct FieldForm<SpaceId> {
    static constexpr std::size_t size = 1;
    static SpaceId read(FieldReader& bytes) {
        return {static_cast<std::uint8_t>(bytes.byte() % space_count_max)};
    }
    static void write(FieldWriter& bytes, SpaceId space) { bytes.byte(space.value); }
};

template <class Enum>
requires std::is_enum_v<Enum>
struct FieldForm<Enum> {
    static constexpr std::size_t size = 1;
    static Enum read(FieldReader& bytes) {
        return static_cast<Enum>(bytes.byte() % names_of(Enum{}).size());
    }
    static void write(FieldWriter& bytes, Enum value) {
        bytes.byte(static_cast<std::uint8_t>(value));
    }
};

}  // namespace vmacheck::binary
