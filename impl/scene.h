// Scene: an impl in a small world, for tests. It runs steps, checks every invariant after each of
// them (unless told otherwise), and draws the areas:
//
//     "AAb.C"    a writable area of two pages, a read-only one, a hole, a writable one
//
// The letters follow the order of the areas; capitals are writable.
#pragma once

#include <cctype>
#include <string>

#include "impl/impl_target.h"
#include "model/op.h"
#include "model/step_log.h"
#include "model/world.h"

namespace vmacheck {

inline constexpr Prot read_only{Flag::read};
inline constexpr Prot read_write{Flag::read | Flag::write};
inline constexpr Prot no_access{};

constexpr PageRange pages(std::uint64_t first, std::uint64_t count) {
    return {Page{first}, PageCount{count}};
}

constexpr Failure failure_at(Stage stage, std::uint16_t k) {
    return {Failure::Kind::at_stage, stage, k};
}

// Anonymous private memory, over what is there.
constexpr Mmap map_anon(std::uint64_t first, std::uint64_t count, Prot prot) {
    Mmap op;
    op.range = pages(first, count);
    op.prot = prot;
    op.placement = Placement::fixed;
    return op;
}

constexpr Mmap map_file(std::uint64_t first, std::uint64_t count, Prot prot, std::uint32_t file,
                        std::uint64_t offset) {
    Mmap op = map_anon(first, count, prot);
    op.backing = {FileId{file}, offset};
    return op;
}

inline File file_with(const Driver& driver) {
    File file;
    file.name = "f";
    file.driver = driver;
    file.pages = PageCount{64};
    return file;
}

inline World world_of(const Profile& profile, std::uint64_t page_count) {
    World world;
    world.profile = &profile;
    world.pages = PageCount{page_count};
    return world;
}

class Scene {
  public:
    explicit Scene(const World& world) : Scene(world, ImplOptions{true}) {}
    Scene(const World& world, ImplOptions options) : world_(world), target_(options) {
        target_.create(world_);
    }

    Errno run(const Op& op) { return run_in(SpaceId{}, op); }
    Errno run_in(SpaceId space, const Op& op) { return step({op, space, Failure{}}); }
    Errno run_failing(const Op& op, const Failure& failure) {
        return step({op, SpaceId{}, failure});
    }
    Errno step(const Step& step) {
        log_.begin(step.failure);
        return target_.apply(step, log_);
    }

    [[nodiscard]] std::string picture() const { return picture_of(SpaceId{}); }
    [[nodiscard]] std::string picture_of(SpaceId space) const {
        std::string drawn(world_.pages.value, '.');
        const SpaceView seen = view_of(space);
        char letter = 'A';
        for (const AreaView& area : seen.areas) {
            const bool writable = area.attributes.flags.has(Flag::write);
            const char shown =
                writable ? letter : static_cast<char>(std::tolower(static_cast<int>(letter)));
            for (Page page = area.range.start; page < area.range.end();
                 page = page + PageCount{1}) {
                drawn[page.value] = shown;
            }
            ++letter;
        }
        return drawn;
    }

    [[nodiscard]] SpaceView view() const { return view_of(SpaceId{}); }
    [[nodiscard]] SpaceView view_of(SpaceId space) const {
        SpaceView seen;
        target_.observe(space, seen);
        return seen;
    }
    [[nodiscard]] MachineView machine() const {
        MachineView seen;
        target_.observe(seen);
        return seen;
    }
    // The stages that the last step passed, as "split charge".
    [[nodiscard]] std::string stages() const {
        std::string names;
        for (const Stage stage : log_.passed()) {
            if (!names.empty()) names += ' ';
            names += name_of(stage);
        }
        return names;
    }
    // The hooks that the last step called, as "close 2+1 mmap 2+1".
    [[nodiscard]] std::string hooks() const {
        std::string calls;
        for (const HookCall& call : log_.hooks()) {
            if (!calls.empty()) calls += ' ';
            calls += hook_names[static_cast<std::size_t>(call.kind)];
            calls += ' ' + std::to_string(call.range.start.value) + '+' +
                     std::to_string(call.range.count.value);
        }
        return calls;
    }
    [[nodiscard]] bool has_space(SpaceId space) const { return target_.has_space(space); }

  private:
    World world_;
    ImplTarget target_;
    StepLog log_;
};

}  // namespace vmacheck
