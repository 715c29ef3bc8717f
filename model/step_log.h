// What happens inside one step besides its result: stages passed, hooks called, and the injected
// failure. Each side of a comparison has a log of its own.
//
// It is also the host of the step: vmacheck plays the driver of every file (`prepare`, `mmap`), and
// every fallible point of an operation asks `fails(stage)` first.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "model/attributes.h"
#include "model/op.h"
#include "model/page.h"
#include "model/result.h"
#include "model/stage.h"

namespace vmacheck {

enum class HookKind : std::uint8_t { open, close, mmap, mmap_prepare };
inline constexpr std::array<std::string_view, 4> hook_names = {"open", "close", "mmap",
                                                               "mmap_prepare"};

struct HookCall {
    HookKind kind = HookKind::open;
    SpaceId space;
    FileId file;
    PageRange range;
    // What mmap and mmap_prepare are shown of the new area.
    Flags flags = {};
    std::uint64_t pgoff = 0;
    friend constexpr bool operator==(const HookCall&, const HookCall&) = default;
};

class StepLog {
  public:
    void begin(const Failure& failure) {
        failure_ = failure;
        countdown_ = failure.k;
        struck_ = false;
        passed_.clear();
        hooks_.clear();
    }

    // Passes `stage`, and says whether the injected failure strikes here.
    [[nodiscard]] bool fails(Stage stage) {
        passed_.push_back(stage);
        if (failure_.kind == Failure::Kind::none || struck_) return false;
        if (failure_.kind == Failure::Kind::at_stage && failure_.stage != stage) return false;
        struck_ = --countdown_ == 0;
        struck_at_ = stage;
        return struck_;
    }

    // The driver's hooks. A driver refuses only when the step says so; its errno is ENOMEM. `first`
    // is the first page of the new area as it is at this moment.
    [[nodiscard]] Errno call_mmap_prepare(SpaceId space, PageRange range, const Attributes& first) {
        hooks_.push_back(
            {HookKind::mmap_prepare, space, first.file, range, first.flags, first.pgoff});
        return fails(Stage::prepare) ? Errno::enomem : Errno::ok;
    }
    [[nodiscard]] Errno call_mmap(SpaceId space, PageRange range, const Attributes& first) {
        hooks_.push_back({HookKind::mmap, space, first.file, range, first.flags, first.pgoff});
        return fails(Stage::hook) ? Errno::enomem : Errno::ok;
    }
    void call_open(SpaceId space, FileId file, PageRange range) {
        hooks_.push_back({HookKind::open, space, file, range, {}, 0});
    }
    void call_close(SpaceId space, FileId file, PageRange range) {
        hooks_.push_back({HookKind::close, space, file, range, {}, 0});
    }

    [[nodiscard]] const std::vector<Stage>& passed() const { return passed_; }
    [[nodiscard]] const std::vector<HookCall>& hooks() const { return hooks_; }
    [[nodiscard]] bool struck() const { return struck_; }
    // Where it did. Only if it did.
    [[nodiscard]] Stage struck_at() const { return struck_at_; }
    // Of a step that was to fail.
    [[nodiscard]] bool unused() const { return failure_.kind != Failure::Kind::none && !struck_; }

  private:
    Failure failure_;
    std::uint16_t countdown_ = 0;
    bool struck_ = false;
    Stage struck_at_ = Stage::split;
    std::vector<Stage> passed_;
    std::vector<HookCall> hooks_;
};

}  // namespace vmacheck
