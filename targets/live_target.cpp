// See the header.
#include "targets/live_target.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>

#include "model/check_macro.h"
#include "model/make_area.h"
#include "targets/live_window.h"

namespace vmacheck {
namespace {

// What the process may map beyond what it has when it begins.
constexpr std::uint64_t growth_bytes_max = std::uint64_t{1} << 30;

// Why a program of this world cannot be tested here, as far as its limits say.
std::string refusal_of_limits(const World& world) {
    if (world.pages > live_pages_max) {
        return "the world has more than " + std::to_string(live_pages_max.value) + " pages";
    }
    if (world.profile->count_limit && world.max_map_count <= world.pages.value) {
        return "max_map_count is a limit of the whole machine, and is not changed";
    }
    if (world.pkeys != 0) return "what protection keys permit is a matter of the processor";
    for (const WorldLimit& limit : world_limits) {
        if (world.*limit.member == no_limit) continue;
        return "the limit `" + std::string(limit.name) +
               "` is of the whole process, or not for all";
    }
    if (world.files.size() > live_files_max) {
        return "the world has more than " + std::to_string(live_files_max) + " files";
    }
    return "";
}

// A fault identity comes from a write, and what an area beside it may share is not ours to choose.
bool faults_can_be_made(const std::vector<InitialArea>& areas) {
    for (std::size_t at = 0; at < areas.size(); ++at) {
        const Attributes& own = areas[at].attributes;
        if (own.forked) return false;
        for (std::size_t other = 0; other < at && !own.fault.none(); ++other) {
            const bool beside = areas[other].range.end() == areas[at].range.start;
            const bool faulted = !areas[other].attributes.fault.none();
            if (own.fault == areas[other].attributes.fault || (beside && faulted)) return false;
        }
    }
    return true;
}

}  // namespace

LiveTarget::LiveTarget() : spaces_(calls_) {
    sight_.failures = false;
    sight_.any_world = false;
    sight_.withholds = {
        {Channel::fault_identity, "nothing in /proc shows vma->anon_vma"},
        {Channel::anonymous_offset, "/proc/PID/smaps has 0 for vm_pgoff of anonymous areas"},
        {Channel::policy, "/proc/PID/smaps has no memory policy"},
        {Channel::area_name, "/proc/PID/smaps has names only if the kernel was built with them"},
        {Channel::uffd_context,
         "/proc/PID/smaps has what a userfaultfd waits for, not which it is"},
        {Channel::counters, "those of the kernel are about the whole process and machine"},
        {Channel::hooks, "the drivers are the kernel's own"},
        {Channel::stages, "the kernel does not tell them"},
    };
    sight_.declines = live_unoffered();
    sight_.declines.push_back(
        {op_index<Mmap>(),
         "files whose driver is not one hook alone, has a close hook, or marks its areas", true});
    sight_.declines.push_back(
        {op_index<Fork>(), "when the machine has no room for a process", true});
}

// Done once: the process belongs to the target from here on.
void LiveTarget::enter_process() {
    int death_signal = 0;
    CHECK(prctl(PR_GET_PDEATHSIG, &death_signal) == 0);
    CHECK(death_signal == SIGKILL);
    std::ifstream file("/proc/self/statm");
    std::uint64_t pages = 0;
    CHECK(file >> pages);
    const rlim_t bytes = pages * live_page_bytes + growth_bytes_max;
    const rlimit address_space{bytes, bytes};
    setrlimit(RLIMIT_AS, &address_space);
    // Whatever is here now is not ours.
    CHECK(spaces_.areas(SpaceId{0}).empty());
    entered_ = true;
}

void LiveTarget::empty_window() {
    CHECK(LiveCalls::empty_window());
    CHECK(spaces_.areas(SpaceId{0}).empty());
}

void LiveTarget::create(const World& world) {
    world_ = &world;
    refusal_ = live_refuses(*world.profile);
    if (refusal_.empty()) refusal_ = refusal_of_limits(world);
    if (!refusal_.empty()) return;
    if (!entered_) enter_process();
    spaces_.end_all();
    empty_window();
    objects_.clear();
    refusal_ = make_world();
}

std::string LiveTarget::make_world() {
    const LiveKernel* const kernel = find_live_kernel(running_release());
    CHECK(kernel != nullptr);
    if (!calls_.begin(*world_, *kernel)) return "the kernel refuses a memory file";
    // Behind the files, so that the process has them open.
    if (world_->memory_merge && !spaces_.move_out()) {
        return "the kernel refuses PR_SET_MEMORY_MERGE";
    }
    return make_areas();
}

// Makes the initial areas by system calls, and looks whether they have become what they should.
std::string LiveTarget::make_areas() {
    if (world_->areas.empty()) return "";
    constexpr const char* refused = "system calls cannot make the initial areas";
    if (!faults_can_be_made(world_->areas)) return refused;
    for (const InitialArea& area : world_->areas) {
        if (!make_area(area)) return refused;
    }
    SpaceView made;
    observe(SpaceId{0}, made);
    const bool same = std::equal(made.areas.begin(), made.areas.end(), world_->areas.begin(),
                                 world_->areas.end(), [](const AreaView& x, const InitialArea& y) {
                                     const Attributes& at = x.attributes;
                                     return x.range == y.range && at.flags == y.attributes.flags &&
                                            at.file == y.attributes.file &&
                                            at.pgoff == y.attributes.pgoff;
                                 });
    return same ? "" : refused;
}

bool LiveTarget::make_area(const InitialArea& area) {
    for (const Op& op : operations_that_make(*world_, area)) {
        if (!sight_.offers(op.index())) return false;
        if (spaces_.run(SpaceId{0}, op) != Errno::ok) return false;
    }
    return true;
}

// The kernel is its own host: what happens inside the step is not told, so the log stays empty.
Errno LiveTarget::apply(const Step& step, StepLog&) {
    CHECK(refusal_.empty());
    if (!sight_.offers(step.op.index())) return Errno::declined;
    if (!has_space(step.space)) return Errno::esrch;
    const auto* const fork = std::get_if<Fork>(&step.op);
    if (fork != nullptr && has_space(fork->child)) return Errno::eexist;
    return spaces_.run(step.space, step.op);
}

// Inodes tell files apart: each file of the world has an inode of its own.
FileId LiveTarget::identity_of(const LiveArea& area) const {
    if (area.inode == 0) return FileId{};
    const FileId file = calls_.file_of(area.device, area.inode);
    if (!file.none()) return file;
    const auto found = std::find(objects_.begin(), objects_.end(), area.inode);
    const auto number = static_cast<std::size_t>(found - objects_.begin());
    if (found == objects_.end()) objects_.push_back(area.inode);
    return FileId{static_cast<std::uint32_t>(world_->files.size() + number + 1)};
}

// An address outside of the window gives a page outside of the world, which is a broken invariant.
void LiveTarget::observe(SpaceId space, SpaceView& view) const {
    view.areas.clear();
    view.counters = {};
    for (const LiveArea& area : spaces_.areas(space)) {
        AreaView& shown = view.areas.emplace_back();
        shown.range.start.value = (area.start - live_window_start) / live_page_bytes;
        shown.range.count.value = (area.end - area.start) / live_page_bytes;
        shown.attributes.flags = area.flags;
        shown.attributes.file = identity_of(area);
        const bool anonymous = shown.attributes.file.none();
        shown.attributes.pgoff =
            anonymous ? shown.range.start.value : area.offset / live_page_bytes;
    }
}

void LiveTarget::observe(MachineView& view) const {
    view = {};
}

}  // namespace vmacheck
