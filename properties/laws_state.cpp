// Laws about every state of a program: against the reference, and of the target alone.
#include <string>

#include "model/check.h"
#include "model/text.h"
#include "properties/draw.h"
#include "properties/law_functions.h"
#include "properties/snapshot.h"

namespace vmacheck::laws {
namespace {

bool is_merge_or_split(CaseKind kind) {
    return kind <= CaseKind::merge_right_part || kind >= CaseKind::split_start;
}

std::uint64_t merges_and_splits(const Cases& cases) {
    std::uint64_t count = 0;
    for (std::size_t op = 0; op < op_count; ++op) {
        for (std::size_t kind = 0; kind < shape_kind_count; ++kind) {
            const auto shape = static_cast<CaseKind>(kind);
            if (is_merge_or_split(shape)) count += cases.counts()[case_id(op, shape)];
        }
    }
    return count;
}

bool areas_touch(const Snapshot& snapshot) {
    for (const SpaceView& view : snapshot.spaces) {
        for (const AreaView& area : view.areas) {
            if (is_seam(view, area.range.start)) return true;
        }
    }
    return false;
}

// The break stays where it is, and so do charges and locks that a profile keeps for good.
bool nothing_left(const Run& run, const Snapshot& snapshot) {
    const Profile& rules = *run.world().profile;
    for (const SpaceView& view : snapshot.spaces) {
        if (!view.areas.empty()) return false;
        SpaceCounters zero;
        zero.brk = view.counters.brk;
        if (rules.dontunmap == Dontunmap::whole_area && !rules.maximal)
            zero.locked = view.counters.locked;
        if (!(view.counters == zero)) return false;
    }
    if (!run.target().sight().shows(Channel::counters)) return true;
    MachineView zero;
    zero.files.resize(run.world().files.size());
    if (charges_stay(rules)) zero.committed = snapshot.machine.committed;
    for (std::size_t file = 0; references_stay(rules) && file < zero.files.size(); ++file)
        zero.files[file].references = snapshot.machine.files[file].references;
    return snapshot.machine == zero;
}

}  // namespace

void agrees_with_reference(LawCase& law) {
    const Candidate candidate = law.draw();
    const auto target = law.subject().target();
    Lockstep lockstep(*target);
    const auto finding = run_program(lockstep, candidate.world, candidate.steps);
    law.count_steps(lockstep.step_count());
    law.count_interesting(merges_and_splits(lockstep.cases()));
    if (!finding) return;
    fail(bucket_name(finding->bucket) + " after step " + std::to_string(finding->step + 1) +
         " of " + std::to_string(candidate.steps.size()) + ": " + finding->what);
}

void invariants_hold_alone(LawCase& law) {
    const Candidate candidate = law.draw();
    Run run(law, candidate.world);
    std::size_t number = 0;
    for (const Step& step : candidate.steps) {
        ++number;
        run.step(step);
        const Snapshot snapshot = run.snapshot();
        law.count_interesting(areas_touch(snapshot) ? 1 : 0);
        if (const auto broken = broken_invariant(run, snapshot)) {
            fail("after step " + std::to_string(number) + ": " + *broken);
        }
    }
    bool sealed = false;  // What is sealed stays, and so does all beside it.
    for (std::uint8_t space = 0; space < space_count_max; ++space) {
        if (!run.target().has_space(SpaceId{space})) continue;
        const Munmap everything{{Page{0}, candidate.world.pages}};
        const Errno error = run.step({everything, SpaceId{space}, {}}).error;
        sealed = sealed || error == Errno::eperm;
        RC_ASSERT(error == Errno::ok || error == Errno::eperm);
    }
    RC_ASSERT(sealed || nothing_left(run, run.snapshot()));
}

}  // namespace vmacheck::laws
