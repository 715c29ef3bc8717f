// Target: the one door to every system under test. It applies a step and shows its state.
//
// The shape is that of a C interface, so that a plug-in is its twin: create, apply, observe into
// storage of the caller; opaque identities; a host (StepLog) that plays the drivers and is asked at
// every fallible point.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "model/attributes.h"
#include "model/program.h"
#include "model/step_log.h"

namespace vmacheck {

// An area as a target shows it. `attributes.pgoff` is that of its first page. Identities (file,
// fault) are the target's own small numbers, 0 is "none": the files of the world keep theirs, all
// others are compared up to renaming and are at most identity_max.
inline constexpr std::uint32_t identity_max = 1U << 24;
struct AreaView {
    PageRange range;
    Attributes attributes;
    friend bool operator==(const AreaView&, const AreaView&) = default;
};

// Counters of one address space, in areas and in pages (mm->map_count, total_vm, data_vm, exec_vm,
// locked_vm, stack_vm), and the page where its heap ends (mm->brk).
struct SpaceCounters {
    std::uint64_t map_count = 0;
    std::uint64_t total = 0;
    std::uint64_t data = 0;
    std::uint64_t exec = 0;
    std::uint64_t locked = 0;
    std::uint64_t stack = 0;
    std::uint64_t brk = 0;
    friend bool operator==(const SpaceCounters&, const SpaceCounters&) = default;
};

struct SpaceView {
    std::vector<AreaView> areas;
    SpaceCounters counters;
};

struct FileCounters {
    std::uint64_t references = 0;  // Areas that hold the file.
    std::uint64_t writable = 0;  // Areas that count in i_mmap_writable: shared, and may be written.
    friend bool operator==(const FileCounters&, const FileCounters&) = default;
};

// Counters that all address spaces share.
struct MachineView {
    std::uint64_t committed = 0;      // Pages charged to the commit limit (vm_committed_as).
    std::uint64_t objects = 0;        // Objects alive behind shared anonymous mappings.
    std::vector<FileCounters> files;  // One for each file of the world, in its order.
    friend bool operator==(const MachineView&, const MachineView&) = default;
};

// What a target can show. A channel that it does not show is not compared.
enum class Channel : std::uint8_t {
    fault_identity,
    anonymous_offset,
    policy,
    area_name,
    uffd_context,
    counters,
    hooks,
    stages,
};
inline constexpr std::array<std::string_view, 8> channel_names = {
    "fault_identity", "anonymous_offset", "policy", "area_name",
    "uffd_context",   "counters",         "hooks",  "stages",
};

struct Sight {
    struct Withheld {
        Channel channel;
        std::string_view reason;
    };
    // An operation that the target does not offer, by its index in Op.
    struct Unoffered {
        std::size_t op;
        std::string_view reason;
        bool at_times = false;  // Some of its forms are offered.
    };
    std::vector<Withheld> withholds;
    std::vector<Unoffered> declines;
    bool failures = true;  // Injected failures strike. Else a step that has one is not run.
    // Worlds may have small limits, protection keys, files with any hooks, and initial areas. Else
    // a generator keeps to those that any system has; each other world is refused or not, as the
    // target says.
    bool any_world = true;

    // In some form at least.
    [[nodiscard]] bool offers(std::size_t op) const {
        for (const Unoffered& unoffered : declines) {
            if (unoffered.op == op && !unoffered.at_times) return false;
        }
        return true;
    }

    // Where it may not, Errno::declined is an answer like any other, and held against the
    // reference's.
    [[nodiscard]] bool may_decline(std::size_t op) const {
        for (const Unoffered& unoffered : declines) {
            if (unoffered.op == op) return true;
        }
        return false;
    }

    [[nodiscard]] bool shows(Channel channel) const {
        for (const Withheld& withheld : withholds) {
            if (withheld.channel == channel) return false;
        }
        return true;
    }
};

class Target {
  public:
    Target() = default;
    Target(const Target&) = delete;
    Target& operator=(const Target&) = delete;
    virtual ~Target() = default;

    [[nodiscard]] virtual std::string_view name() const = 0;
    [[nodiscard]] virtual const Sight& sight() const = 0;

    // Starts anew with one address space and the initial areas of `world`, which outlives its use.
    virtual void create(const World& world) = 0;

    // Why the system cannot be put into the world that create() was given; empty if it was. A
    // target that refuses is asked nothing more until the next create().
    [[nodiscard]] virtual std::string_view refusal() const { return {}; }

    // Errno::declined if the system does not offer the operation; then nothing has changed.
    [[nodiscard]] virtual Errno apply(const Step& step, StepLog& log) = 0;

    [[nodiscard]] virtual bool has_space(SpaceId space) const = 0;
    virtual void observe(SpaceId space, SpaceView& view) const = 0;
    virtual void observe(MachineView& view) const = 0;
};

}  // namespace vmacheck
