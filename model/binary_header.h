// The records in front of the steps: world, files, initial areas. Only model/binary*.cpp include
// this.
//
// The readers take any bytes; the writers fill a record of zeros, and return why something does not
// fit into it.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <span>

#include "model/binary_fields.h"

namespace vmacheck::binary {

using RecordIn = std::span<const std::uint8_t, record_size>;
using RecordOut = std::span<std::uint8_t, record_size>;

// The first bytes of a world record, and the kinds of the other three. All further kinds are steps.
inline constexpr std::array<std::uint8_t, 4> world_magic = {0xff, 'v', 'm', 'a'};
inline constexpr std::size_t world_version_at = 4;
inline constexpr std::uint8_t file_kind = 0xfe;
inline constexpr std::uint8_t area_kind = 0xfd;
inline constexpr std::uint8_t limits_kind = 0xfc;

void read_world(RecordIn record, World& world);
[[nodiscard]] Misfit write_world(RecordOut record, const World& world);

// The limits that the world record has no room for, and the heap; where one of them is set.
[[nodiscard]] bool has_limits_record(const World& world);
void read_limits(RecordIn record, World& world);
[[nodiscard]] Misfit write_limits(RecordOut record, const World& world);

// The world of bytes that do not say one: its size, and four files that differ in their hooks.
void set_default_files(World& world);

// Appends the file. A name that cannot be, or is there already, becomes the first free letter.
void read_file(RecordIn record, World& world);
[[nodiscard]] Misfit write_file(RecordOut record, const File& file);

// Reads the area records of one program, after its files.
class AreaReader {
  public:
    explicit AreaReader(World& world) : world_(world) {}

    // Inserts the area where it belongs. It ends where another one starts that came before in the
    // bytes, and is left out if its first page is taken. `forked` is that of the first area with
    // the same fault identity.
    void read(RecordIn record);

  private:
    enum class Forked : std::uint8_t { unknown, no, yes };

    World& world_;
    std::bitset<binary_pages_max.value> taken_;
    std::array<Forked, binary_fault_max + 1> forked_{};  // By fault identity.
};
[[nodiscard]] Misfit write_area(RecordOut record, const InitialArea& area);

}  // namespace vmacheck::binary
