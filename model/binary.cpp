// Programs as records: the passes over the bytes, and the records of steps.
#include "model/binary.h"

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>
#include <variant>

#include "model/binary_fields.h"
#include "model/binary_header.h"
#include "model/check_macro.h"
#include "model/text.h"

namespace vmacheck {

namespace {

using binary::FieldForm;
using binary::FieldReader;
using binary::FieldWriter;
using binary::Misfit;
using binary::RecordIn;
using binary::RecordOut;

// Step record.
constexpr std::size_t step_code_at = 0;
constexpr std::size_t step_bits_at = 1;
constexpr std::size_t step_failure_at = 2;
constexpr std::size_t step_k_at = 3;
constexpr std::size_t step_fields_at = 4;
constexpr std::uint8_t step_space_mask = 3;
constexpr std::uint8_t step_literal_ranges = 4;
static_assert(space_count_max == step_space_mask + 1);

// What byte 2 says; the stages follow.
constexpr std::uint8_t failure_none = 0;
constexpr std::uint8_t failure_at_any = 1;
constexpr std::uint8_t failure_at_stage = 2;

// Codes repeat after so many, which leaves room for operations: one that is appended takes no byte
// from those that are there.
constexpr std::size_t step_codes = 32;
static_assert(op_count <= step_codes);

// Bytes of the fields of an operation, from the type of its `fields`.
template <class>
constexpr std::size_t fields_size = record_size;  // Of what is no list of fields: does not fit.
template <class OpType, class... Types>
constexpr std::size_t fields_size<const std::tuple<Field<OpType, Types>...>> =
    (std::size_t{0} + ... + FieldForm<Types>::size);
template <>
constexpr std::size_t fields_size<const std::tuple<>> = 0;
template <class>
constexpr bool all_fit = false;
template <class... Ops>
constexpr bool all_fit<std::variant<Ops...>> =
    ((step_fields_at + fields_size<decltype(Ops::fields)> <= record_size) && ...);
static_assert(all_fit<Op>, "an operation has more fields than a record has room");

bool needs_literal(PageRange range, const World& world) {
    return !binary::is_inside(range, world.pages);
}
bool needs_literal(Page page, const World& world) {
    return page.value > world.pages.value;
}
template <class Type>
bool needs_literal(const Type&, const World&) {
    return false;
}

template <std::size_t kind>
void read_op(FieldReader& bytes, Op& op) {
    for_each_field(op.emplace<kind>(), [&](const auto&, auto& value) {
        value = FieldForm<std::remove_reference_t<decltype(value)>>::read(bytes);
    });
}

using ReadOp = void (*)(FieldReader&, Op&);
template <class>
constexpr bool read_op_by_code = false;
template <std::size_t... kinds>
constexpr std::array<ReadOp, sizeof...(kinds)> read_op_by_code<std::index_sequence<kinds...>> = {
    read_op<kinds>...};

Failure read_failure(RecordIn record) {
    const std::uint8_t what = record[step_failure_at];
    if (what == failure_none || what >= failure_at_stage + stage_count) return {};
    Failure failure;
    failure.kind = Failure::Kind::at_any;
    if (what >= failure_at_stage) {
        failure.kind = Failure::Kind::at_stage;
        failure.stage = static_cast<Stage>(what - failure_at_stage);
    }
    failure.k = static_cast<std::uint16_t>(record[step_k_at] + 1);
    return failure;
}

void read_step(RecordIn record, const World& world, Step& step) {
    const std::uint8_t bits = record[step_bits_at];
    FieldReader bytes(&record[step_fields_at], world, (bits & step_literal_ranges) != 0);
    const std::size_t code = record[step_code_at] % step_codes;
    read_op_by_code<std::make_index_sequence<op_count>>[code % op_count](bytes, step.op);
    step.space.value = bits & step_space_mask;
    step.failure = read_failure(record);
}

Misfit write_failure(RecordOut record, const Failure& failure) {
    if (failure.kind == Failure::Kind::none) return std::nullopt;
    if (failure.k > binary_failure_k_max) {
        std::string reason = "the failure `";
        print_failure(reason, failure);
        return reason + "` counts beyond " + std::to_string(binary_failure_k_max);
    }
    record[step_failure_at] = failure_at_any;
    if (failure.kind == Failure::Kind::at_stage) {
        record[step_failure_at] =
            static_cast<std::uint8_t>(failure_at_stage + static_cast<std::uint8_t>(failure.stage));
    }
    record[step_k_at] = static_cast<std::uint8_t>(failure.k - 1);
    return std::nullopt;
}

Misfit write_step(RecordOut record, const Step& step, const World& world) {
    Misfit misfit = write_failure(record, step.failure);
    FieldWriter bytes(&record[step_fields_at], misfit);
    bool literal = false;
    std::visit(
        [&](const auto& op) {
            for_each_field(op, [&]<class Type>(const auto&, const Type& value) {
                literal = literal || needs_literal(value, world);
                FieldForm<Type>::write(bytes, value);
            });
        },
        step.op);
    record[step_code_at] = static_cast<std::uint8_t>(step.op.index());
    record[step_bits_at] =
        static_cast<std::uint8_t>(step.space.value | (literal ? step_literal_ranges : 0));
    return misfit;
}

// Writes one record after the other to where next() says, up to the first that does not fit.
template <class Next>
Misfit write_records(const World& world, const std::vector<Step>& steps, Next next) {
    if (Misfit misfit = binary::write_world(next(), world)) return misfit;
    if (binary::has_limits_record(world)) {
        if (Misfit misfit = binary::write_limits(next(), world)) return misfit;
    }
    if (world.files.size() > binary_files_max) {
        return binary::too_many(world.files.size(), "files", binary_files_max);
    }
    for (const File& file : world.files) {
        if (Misfit misfit = binary::write_file(next(), file))
            return "file " + file.name + ": " + *misfit;
    }
    for (const InitialArea& area : world.areas) {
        if (Misfit misfit = binary::write_area(next(), area)) {
            std::string place = "area ";
            print_range(place, area.range);
            return place + ": " + *misfit;
        }
    }
    for (std::size_t i = 0; i < steps.size(); i++) {
        if (Misfit misfit = write_step(next(), steps[i], world)) {
            return "step " + std::to_string(i + 1) + ": " + *misfit;
        }
    }
    return std::nullopt;
}

bool has_world_record(std::span<const std::uint8_t> bytes) {
    return bytes.size() >= record_size &&
           std::equal(binary::world_magic.begin(), binary::world_magic.end(), bytes.begin());
}

RecordIn record_at(std::span<const std::uint8_t> bytes, std::size_t index) {
    return bytes.subspan(index * record_size).first<record_size>();
}

// Everything at its default, with empty lists that keep their room.
void reset(World& world) {
    std::vector<File> files = std::move(world.files);
    std::vector<InitialArea> areas = std::move(world.areas);
    files.clear();
    areas.clear();
    world = {};
    world.files = std::move(files);
    world.areas = std::move(areas);
}

}  // namespace

void decode_program(std::span<const std::uint8_t> bytes, const Profile& profile, World& world,
                    std::vector<Step>& steps) {
    const bool has_world = has_world_record(bytes);
    const std::size_t first = has_world ? 1 : 0;
    const std::size_t end = bytes.size() / record_size;
    reset(world);
    world.profile = &profile;
    if (has_world) {
        binary::read_world(record_at(bytes, 0), world);
    } else {
        binary::set_default_files(world);
    }
    // Areas and steps speak of files, wherever the record of a file stands.
    bool has_areas = false;
    for (std::size_t i = first; i < end; i++) {
        const RecordIn record = record_at(bytes, i);
        has_areas = has_areas || record[0] == binary::area_kind;
        if (record[0] == binary::limits_kind) binary::read_limits(record, world);
        const bool is_file = record[0] == binary::file_kind;
        if (is_file && world.files.size() < binary_files_max) binary::read_file(record, world);
    }
    binary::AreaReader areas(world);
    for (std::size_t i = first; i < end && has_areas; i++) {
        const RecordIn record = record_at(bytes, i);
        if (record[0] == binary::area_kind) areas.read(record);
    }
    steps.clear();
    for (std::size_t i = first; i < end && steps.size() < step_lines_max; i++) {
        const RecordIn record = record_at(bytes, i);
        const bool is_step = record[0] != binary::file_kind && record[0] != binary::area_kind &&
                             record[0] != binary::limits_kind;
        if (is_step) read_step(record, world, steps.emplace_back());
    }
}

std::optional<std::string> binary_misfit(const World& world, const std::vector<Step>& steps) {
    if (steps.size() > step_lines_max) {
        return binary::too_many(steps.size(), "steps", step_lines_max);
    }
    std::array<std::uint8_t, record_size> scratch{};
    return write_records(world, steps, [&] { return RecordOut(scratch); });
}

void encode_program(const World& world, const std::vector<Step>& steps,
                    std::vector<std::uint8_t>& bytes) {
    CHECK(steps.size() <= step_lines_max);
    bytes.assign(binary_header_size(world) + steps.size() * record_size, 0);
    std::size_t at = 0;
    const Misfit misfit = write_records(world, steps, [&] {
        const std::span<std::uint8_t> rest = std::span(bytes).subspan(at);
        at += record_size;
        return rest.first<record_size>();
    });
    CHECK(!misfit.has_value());
}

std::size_t binary_header_size(const World& world) {
    const std::size_t limits = binary::has_limits_record(world) ? 1 : 0;
    return (1 + limits + world.files.size() + world.areas.size()) * record_size;
}

std::optional<std::uint8_t> binary_version_of(std::span<const std::uint8_t> bytes) {
    if (!has_world_record(bytes)) return std::nullopt;
    return bytes[binary::world_version_at];
}

}  // namespace vmacheck
