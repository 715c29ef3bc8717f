// Laws about the binary form of programs, in both directions: from bytes that an engine might make,
// and from programs that a text might hold.
#include <algorithm>
#include <array>
#include <string>
#include <variant>
#include <vector>

#include "model/binary.h"
#include "model/text.h"
#include "properties/draw.h"
#include "properties/law_functions.h"

namespace vmacheck::laws {
namespace {

using Bytes = std::vector<std::uint8_t>;

std::uint8_t draw_byte(Source& source) {
    return static_cast<std::uint8_t>(source.below(256));
}

// A record of any kind, of junk or of numbers that are small enough to mean something.
void draw_record(Source& source, Bytes& bytes, bool first) {
    constexpr std::array<std::uint8_t, 4> magic = {0xff, 'v', 'm', 'a'};
    const std::size_t start = bytes.size();
    const bool is_small = source.one_in(2);
    for (std::size_t i = 0; i < record_size; i++) {
        bytes.push_back(is_small ? static_cast<std::uint8_t>(source.below(9)) : draw_byte(source));
    }
    if (first && source.one_in(2)) std::copy(magic.begin(), magic.end(), bytes.begin());
    if (first || !source.one_in(3)) return;
    bytes[start] = static_cast<std::uint8_t>(0xff - source.below(4));
}

Bytes draw_records(Source& source) {
    const auto record = rc::gen::exec([] {
        RcSource each;
        Bytes bytes;
        draw_record(each, bytes, false);
        return bytes;
    });
    Bytes bytes;
    if (source.one_in(8)) return bytes;
    draw_record(source, bytes, true);
    for (const Bytes& further : *rc::gen::container<std::vector<Bytes>>(record)) {
        bytes.insert(bytes.end(), further.begin(), further.end());
    }
    for (std::uint64_t tail = source.below(record_size); tail > 0; --tail) {
        bytes.push_back(draw_byte(source));
    }
    return bytes;
}

Program drawn_program(LawCase& law) {
    LawSetting setting = law.setting();
    setting.pages = std::min(setting.pages, binary_pages_max);
    return *draw_program(setting);
}

Candidate without_text(const Program& program) {
    return {program.world, program.steps()};
}

bool is_small_offset(std::uint64_t pages) {
    return pages < 65280 || (pages <= file_pages_max && file_pages_max - pages < 256);
}

// A drawn offset has 52 bits. Most are made small, so that most programs fit.
void make_offsets_small(Source& source, Candidate& candidate) {
    const auto shrink = [&](std::uint64_t& offset) {
        if (is_small_offset(offset)) return;
        offset = source.one_in(4) ? file_pages_max - offset % 256 : offset % 65280;
    };
    for (InitialArea& area : candidate.world.areas) shrink(area.attributes.pgoff);
    for (Step& step : candidate.steps) {
        if (auto* const mmap = std::get_if<Mmap>(&step.op)) shrink(mmap->backing.offset);
        if (auto* const remap = std::get_if<RemapFilePages>(&step.op)) remap->offset.value %= 256;
    }
}

// Makes one number large, and often too large.
void enlarge(Source& source, Candidate& candidate) {
    World& world = candidate.world;
    const std::uint64_t what = source.below(7);
    const std::uint64_t by = 200 + source.below(100);
    if (what == 0) world.pages.value += by;
    if (what == 6) world.data = UINT32_MAX - 250 + by;
    if (what == 1 && !world.files.empty()) world.files.back().pages.value = 65080 + by;
    if (what == 2 && !world.files.empty()) world.files.back().name.append(1 + by % 16, 'x');
    if (what == 3 && !world.areas.empty()) {
        Attributes& at = world.areas.back().attributes;
        at.fault.value = static_cast<std::uint32_t>(by);
        at.forked = false;
    }
    if (candidate.steps.empty()) return;
    Step& step = candidate.steps.back();
    if (what == 4) {
        step.failure = failure_at_point(by);
    }
    if (what != 5) return;
    std::visit(
        [&](auto& op) {
            if constexpr (requires { op.range; }) op.range.count.value = by;
        },
        step.op);
}

bool is_small_range(PageRange range) {
    return range.start.value <= 255 && range.count.value <= 255;
}

// What the tables of docs/format.md have room for, told once more.
bool has_room_for(const Candidate& candidate) {
    const World& world = candidate.world;
    bool fits = world.pages.value <= 255 && world.files.size() <= 16;
    fits = fits && (world.data == no_limit || world.data <= UINT32_MAX);
    for (const File& file : world.files) {
        fits = fits && is_small_offset(file.pages.value) && file.name.size() <= 11;
    }
    for (const InitialArea& area : world.areas) {
        const Attributes& at = area.attributes;
        const bool says_offset = !at.file.none() || at.pgoff != area.range.start.value;
        fits = fits && at.fault.value <= 255 && (!says_offset || is_small_offset(at.pgoff));
    }
    for (const Step& step : candidate.steps) {
        fits = fits && step.failure.k <= 256;
        std::visit(
            [&](const auto& op) {
                if constexpr (requires { op.range; }) fits = fits && is_small_range(op.range);
                if constexpr (requires { op.to.value; }) fits = fits && op.to.value <= 255;
                if constexpr (requires { op.offset; })
                    fits = fits && is_small_offset(op.offset.value);
                if constexpr (requires { op.backing; })
                    fits = fits && is_small_offset(op.backing.offset);
            },
            step.op);
    }
    return fits;
}

}  // namespace

void any_records_are_a_program(LawCase& law) {
    RcSource source;
    const Bytes bytes = source.one_in(4) ? *draw_bytes() : draw_records(source);
    const Profile& profile = *law.setting().profile;
    const Candidate candidate = law.subject().decode(bytes, profile);
    law.is_about(candidate);
    // What can be printed and read again is well-formed.
    const Program program = program_of(candidate.world, candidate.steps);
    const auto read = law.subject().parse(law.subject().print(program));
    RC_ASSERT(std::holds_alternative<Program>(read));
    RC_ASSERT(std::get<Program>(read) == program);

    RC_ASSERT(!law.subject().misfit(candidate).has_value());
    const Bytes canonical = law.subject().encode(candidate);
    // Canonical bytes name their profile.
    RC_ASSERT(law.subject().decode(canonical, *all_profiles.front()) == candidate);
    RC_ASSERT(law.subject().decode(canonical, *all_profiles.back()) == candidate);
    RC_ASSERT(law.subject().encode(law.subject().decode(canonical, profile)) == canonical);
    law.count_steps(candidate.steps.size());
    law.count_interesting(!candidate.steps.empty() && canonical != bytes ? 1 : 0);
}

void binary_form_is_lossless(LawCase& law) {
    Candidate candidate = without_text(drawn_program(law));
    RcSource source;
    make_offsets_small(source, candidate);
    law.is_about(candidate);
    RC_ASSERT(!law.subject().misfit(candidate).has_value());
    const Bytes bytes = law.subject().encode(candidate);
    RC_ASSERT(bytes.size() ==
              binary_header_size(candidate.world) + candidate.steps.size() * record_size);
    RC_ASSERT(law.subject().decode(bytes, *law.setting().profile) == candidate);
    law.count_steps(candidate.steps.size());
    law.count_interesting(candidate.steps.size() >= 2 ? 1 : 0);
}

void binary_form_refuses_what_does_not_fit(LawCase& law) {
    Candidate candidate = without_text(drawn_program(law));
    RcSource source;
    if (source.one_in(2)) make_offsets_small(source, candidate);
    enlarge(source, candidate);
    law.is_about(candidate);
    const auto misfit = law.subject().misfit(candidate);
    RC_ASSERT(misfit.has_value() != has_room_for(candidate));
    law.count_steps(candidate.steps.size());
    if (!misfit) return;
    RC_ASSERT(!misfit->empty());
    law.count_interesting(1);
}

}  // namespace vmacheck::laws
