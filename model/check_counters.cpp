// The last two comparisons: counters, and the hooks that were called.
#include <algorithm>
#include <tuple>

#include "model/check.h"
#include "model/check_macro.h"

namespace vmacheck {
namespace {

auto hook_key(const HookCall& call) {
    return std::make_tuple(call.kind, call.space, call.file.value, call.range, call.flags.bits,
                           call.pgoff);
}

// What a hook was shown of the new area.
std::string shown_text(const HookCall& call) {
    if (call.kind != HookKind::mmap && call.kind != HookKind::mmap_prepare) return "";
    return " at " + std::to_string(call.pgoff) + " with flags " + std::to_string(call.flags.bits);
}

// The one order that the rule book gives: the old areas are closed before the new one is hooked up.
bool hooks_in_order(const std::vector<HookCall>& hooks) {
    bool hooked = false;
    for (const HookCall& call : hooks) {
        if (call.kind == HookKind::close && hooked) return false;
        if (call.kind == HookKind::mmap || call.kind == HookKind::mmap_prepare) {
            if (hooked) return false;
            hooked = true;
        }
    }
    return true;
}

}  // namespace

std::optional<Finding> Lockstep::compare_counters() {
    const auto differs = [&](SpaceId space, const std::string& name, std::uint64_t expected,
                             std::uint64_t found) {
        return finding(Verdict::wrong_counter,
                       name + " is " + std::to_string(found) + " and should be " +
                           std::to_string(expected) + ".",
                       space);
    };
    reference_.count(census_);
    for (std::uint8_t number = 0; number < space_count_max; ++number) {
        const SpaceId space{number};
        if (!reference_.has_space(space)) continue;
        const SpaceCounters& expected = census_.spaces[number];
        const SpaceCounters& found = views_[number].counters;
        if (expected == found) continue;
        if (expected.map_count != found.map_count) {
            return differs(space, "map_count", expected.map_count, found.map_count);
        }
        if (expected.total != found.total) {
            return differs(space, "total", expected.total, found.total);
        }
        if (expected.data != found.data) return differs(space, "data", expected.data, found.data);
        if (expected.exec != found.exec) return differs(space, "exec", expected.exec, found.exec);
        if (expected.stack != found.stack) {
            return differs(space, "stack", expected.stack, found.stack);
        }
        if (expected.brk != found.brk) return differs(space, "brk", expected.brk, found.brk);
        return differs(space, "locked", expected.locked, found.locked);
    }
    target_.observe(found_machine_);
    const MachineView& expected = census_.machine;
    const MachineView& found = found_machine_;
    if (expected.committed != found.committed) {
        return differs({}, "committed", expected.committed, found.committed);
    }
    if (expected.objects != found.objects) {
        return differs({}, "objects", expected.objects, found.objects);
    }
    CHECK(expected.files.size() == found.files.size());
    for (std::size_t file = 0; file < expected.files.size(); ++file) {
        const std::string& name = world_->files[file].name;
        if (expected.files[file].references != found.files[file].references) {
            return differs({}, "references of file " + name, expected.files[file].references,
                           found.files[file].references);
        }
        if (expected.files[file].writable != found.files[file].writable) {
            return differs({}, "writable mappings of file " + name, expected.files[file].writable,
                           found.files[file].writable);
        }
    }
    return std::nullopt;
}

std::optional<Finding> Lockstep::compare_hooks() const {
    if (!hooks_in_order(found_log_.hooks())) {
        return finding(Verdict::wrong_hooks,
                       "Old areas must be closed before the new one's hook, which is called once.");
    }
    if (expected_log_.hooks() == found_log_.hooks()) return std::nullopt;
    std::vector<HookCall> expected = expected_log_.hooks();
    std::vector<HookCall> found = found_log_.hooks();
    const auto less = [](const HookCall& x, const HookCall& y) {
        return hook_key(x) < hook_key(y);
    };
    std::sort(expected.begin(), expected.end(), less);
    std::sort(found.begin(), found.end(), less);
    if (expected == found) return std::nullopt;
    const auto text = [&](const std::vector<HookCall>& calls) {
        std::string list;
        for (const HookCall& call : calls) {
            const File* const file = world_->file(call.file);
            list += (list.empty() ? "" : ", ") +
                    std::string(hook_names[static_cast<std::size_t>(call.kind)]) + " " +
                    (file == nullptr ? "?" : file->name) + " " + text_of_pages(call.range) +
                    shown_text(call);
        }
        return list.empty() ? "none" : list;
    };
    return finding(Verdict::wrong_hooks, "The hooks called are " + text(found) + " and should be " +
                                             text(expected) + ".");
}

}  // namespace vmacheck
