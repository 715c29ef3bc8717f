// Tests of the oracle: each verdict is shown on a target that earns it, and the channels that a
// target withholds are not compared.
//
// The target is impl, and a Spoil says what a test makes of what comes out of it. Where nothing is
// spoilt there is no finding, so each finding is about the spoilt thing.
#include "model/check.h"

#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "impl/impl_target.h"
#include "model/claims.h"
#include "model/text.h"

namespace vmacheck {

namespace {

struct Spoil {
    std::function<void(SpaceView&)> space = [](SpaceView&) {};
    std::function<void(MachineView&)> machine = [](MachineView&) {};
    std::function<void(StepLog&)> log = [](StepLog&) {};  // After each step.
    std::optional<Errno> answer;                          // Declined: impl does not see the step.
    std::optional<bool> second_space;                     // Whether space 1 seems to be there.
    Sight sight;
};

class SpoiltTarget final : public Target {
  public:
    explicit SpoiltTarget(Spoil spoil) : inner_({.verify = true}), spoil_(std::move(spoil)) {}

    [[nodiscard]] std::string_view name() const override { return "spoilt"; }
    [[nodiscard]] const Sight& sight() const override { return spoil_.sight; }
    void create(const World& world) override { inner_.create(world); }
    [[nodiscard]] Errno apply(const Step& step, StepLog& log) override {
        if (spoil_.answer == Errno::declined) return Errno::declined;
        const Errno error = inner_.apply(step, log);
        spoil_.log(log);
        return spoil_.answer.value_or(error);
    }
    [[nodiscard]] bool has_space(SpaceId space) const override {
        const bool real = inner_.has_space(space);
        return space == SpaceId{1} ? spoil_.second_space.value_or(real) : real;
    }
    void observe(SpaceId space, SpaceView& view) const override {
        if (inner_.has_space(space)) {
            inner_.observe(space, view);
            spoil_.space(view);
        } else {
            view = {};
        }
    }
    void observe(MachineView& view) const override {
        inner_.observe(view);
        spoil_.machine(view);
    }

  private:
    ImplTarget inner_;
    Spoil spoil_;
};

Program parsed(const std::string& text) {
    std::variant<Program, ParseError> result = parse_program("vma 1\n" + text);
    if (const auto* const error = std::get_if<ParseError>(&result)) {
        ADD_FAILURE() << error->line << ": " << error->message << "\n" << text;
        return {};
    }
    return std::get<Program>(std::move(result));
}

std::optional<Finding> finding_in(const std::string& text, const Spoil& spoil) {
    const Program program = parsed(text);
    SpoiltTarget target(spoil);
    Lockstep lockstep(target);
    return run_program(lockstep, program.world, program.steps());
}

// The bucket of the first finding, the number of its step, and its sentence.
std::string found_in(const std::string& text, const Spoil& spoil) {
    const std::optional<Finding> finding = finding_in(text, spoil);
    if (!finding) return "nothing";
    return bucket_name(finding->bucket) + " at " + std::to_string(finding->step) + ": " +
           finding->what;
}

Spoil spoilt_space(std::function<void(SpaceView&)> space) {
    Spoil spoil;
    spoil.space = std::move(space);
    return spoil;
}
Spoil spoilt_log(std::function<void(StepLog&)> log) {
    Spoil spoil;
    spoil.log = std::move(log);
    return spoil;
}

Spoil without(Spoil spoil, Channel channel) {
    spoil.sight.withholds.push_back({channel, "for the test"});
    return spoil;
}

const std::string one_area = "world pages=8\nmmap 0+4 rw- anon private\n";
const std::string two_areas = one_area + "mprotect 2+2 r--\n";
const std::string one_file =
    "world pages=8\nfile f driver=mmap,close pages=8\nmmap 0+6 rw- file=f@0 shared\n";
const std::string ok = "mmap/errno/ok at 0: ";

}  // namespace

TEST(check, finds_nothing_where_nothing_is_spoilt) {
    EXPECT_EQ(found_in(one_area, {}), "nothing");
    EXPECT_EQ(found_in(two_areas + "touch 0+2\nfork 1\n@1 munmap 1+2\n", {}), "nothing");
    EXPECT_EQ(found_in(one_file + "mprotect 2+2 r--\nmunmap 1+1 ! split\n", {}), "nothing");
}

TEST(check, sees_a_broken_invariant_before_all_else) {
    Spoil spoil = spoilt_space([](SpaceView& view) {
        if (view.areas.size() == 2) std::swap(view.areas[0], view.areas[1]);
    });
    spoil.answer = Errno::ok;
    const auto finding = finding_in(two_areas, spoil);
    ASSERT_TRUE(finding.has_value());
    EXPECT_EQ(finding->what, "The target breaks the invariant sorted_without_overlap at [0,2).");
    EXPECT_EQ(finding->bucket.verdict, Verdict::broken_invariant);
    EXPECT_EQ(finding->step, 1U);
    EXPECT_TRUE(finding->where == (PageRange{{0}, {2}}));
}

TEST(check, sees_a_wrong_result) {
    Spoil spoil;
    spoil.answer = Errno::einval;
    EXPECT_EQ(found_in(one_area, spoil),
              "wrong_result " + ok + "The answer is EINVAL and should be ok.");
}

TEST(check, sees_a_failure_that_strikes_on_one_side_only) {
    const std::string text = "world pages=8\nmmap 0+4 rw- anon private ! shmem\n";
    const Spoil spoil =
        spoilt_log([](StepLog& log) { static_cast<void>(log.fails(Stage::shmem)); });
    EXPECT_EQ(found_in(text, spoil),
              "wrong_result " + ok + "The answer is ok and should be ok unused.");
    EXPECT_EQ(found_in(text, without(spoil, Channel::stages)),
              "wrong_result " + ok + "The target failed where nothing of that kind can fail.");
    const Spoil unharmed = spoilt_log([](StepLog&) {});
    EXPECT_EQ(found_in(text, without(unharmed, Channel::stages)), "nothing");
}

TEST(check, names_the_stage_at_which_the_failure_struck) {
    Spoil spoil;
    spoil.answer = Errno::ok;
    EXPECT_EQ(found_in("world pages=8\nmmap 0+4 rw- anon private ! charge\n", spoil),
              "wrong_result mmap/unwind/charge !charge at 0: "
              "The answer is ok and should be ENOMEM.");
}

TEST(check, lets_a_target_decline_only_what_its_sight_names) {
    const Program program = parsed(one_area);
    Spoil spoil;
    spoil.answer = Errno::declined;
    EXPECT_EQ(found_in(one_area, spoil),
              "wrong_result " + ok + "The answer is declined and should be ok.");
    for (std::size_t op = 0; op < op_count; ++op) spoil.sight.declines.push_back({op, "a test"});
    SpoiltTarget target(spoil);
    Lockstep lockstep(target);
    EXPECT_FALSE(run_program(lockstep, program.world, program.steps()).has_value());
    EXPECT_TRUE(lockstep.declined());
    EXPECT_EQ(lockstep.step_count(), 0U);
    EXPECT_TRUE(areas_of(lockstep.reference(), SpaceId{}).empty());
}

TEST(check, sees_pages_that_are_missing_or_too_many) {
    const auto drop_first = [](SpaceView& view) { view.areas.erase(view.areas.begin()); };
    EXPECT_EQ(found_in(one_area, spoilt_space(drop_first)),
              "wrong_pages " + ok + "Pages [0,1) should be mapped.");
    const auto drop_first_of_two = [](SpaceView& view) {
        if (view.areas.size() == 2) view.areas.erase(view.areas.begin());
    };
    EXPECT_EQ(found_in(two_areas, spoilt_space(drop_first_of_two)),
              "wrong_pages mprotect/split/start at 1: Pages [0,1) should be mapped.");
    const auto lengthen = [](SpaceView& view) { view.areas.back().range.count.value = 5; };
    EXPECT_EQ(found_in(one_area, spoilt_space(lengthen)),
              "wrong_pages " + ok +
                  "Pages [0,5) are not mapped as they should be, or carry other attributes.");
}

TEST(check, sees_areas_that_end_where_no_operation_did) {
    const auto shorten = [](SpaceView& view) { view.areas.back().range.count.value = 3; };
    EXPECT_EQ(found_in("world pages=5000\nmmap 0+4 rw- anon private\n", spoilt_space(shorten)),
              "wrong_pages " + ok + "Pages [0,3) are an area, but no operation named its ends.");
}

TEST(check, sees_other_attributes) {
    const std::string differs =
        "wrong_pages " + ok +
        "Pages [0,6) are not mapped as they should be, or carry other attributes.";
    const auto flags = [](SpaceView& view) { view.areas[0].attributes.flags = Flag::read; };
    const auto offset = [](SpaceView& view) { view.areas[0].attributes.pgoff += 1; };
    const auto file = [](SpaceView& view) { view.areas[0].attributes.file = FileId{2}; };
    EXPECT_EQ(found_in(one_file, spoilt_space(flags)), differs);
    EXPECT_EQ(found_in(one_file, spoilt_space(offset)), differs);
    EXPECT_EQ(found_in(one_file, spoilt_space(file)), differs);
}

TEST(check, takes_the_names_of_objects_as_the_target_gives_them) {
    const std::string shared =
        "world pages=8\nmmap 0+2 rw- anon shared\nmmap 4+2 rw- anon shared\n";
    const auto renamed = [](SpaceView& view) {
        for (AreaView& area : view.areas) area.attributes.file.value += 5;
    };
    EXPECT_EQ(found_in(shared, spoilt_space(renamed)), "nothing");
    const auto one_object = [](SpaceView& view) {
        for (AreaView& area : view.areas) area.attributes.file.value = 1;
    };
    EXPECT_EQ(found_in(shared, spoilt_space(one_object)),
              "wrong_pages mmap/errno/ok at 1: "
              "Pages [4,6) are not mapped as they should be, or carry other attributes.");
}

TEST(check, sees_another_fault_identity_unless_it_is_withheld) {
    const std::string text = one_area + "touch 0+1\n";
    const std::string found =
        "wrong_pages touch/errno/ok at 1: "
        "Pages [0,4) have another fault identity, or another history of forks.";
    const Spoil unfaulted = spoilt_space([](SpaceView& view) {
        for (AreaView& area : view.areas) area.attributes.fault = FaultId{};
    });
    const Spoil forked = spoilt_space([](SpaceView& view) {
        for (AreaView& area : view.areas) area.attributes.forked = !area.attributes.fault.none();
    });
    EXPECT_EQ(found_in(text, unfaulted), found);
    EXPECT_EQ(found_in(text, forked), found);
    EXPECT_EQ(found_in(text, without(unfaulted, Channel::fault_identity)), "nothing");
    EXPECT_EQ(found_in(text, without(forked, Channel::fault_identity)), "nothing");
}

TEST(check, sees_spaces_that_are_missing_or_too_many) {
    Spoil spoil;
    spoil.second_space = true;
    EXPECT_EQ(found_in(one_area, spoil), "wrong_pages " + ok + "Address space 1 should not exist.");
    spoil.second_space = false;
    EXPECT_EQ(found_in(one_area + "fork 1\n", spoil),
              "wrong_pages fork/errno/ok at 1: Address space 1 is missing.");
}

TEST(check, sees_other_stages_unless_they_are_withheld) {
    const Spoil spoil = spoilt_log([](StepLog& log) { static_cast<void>(log.fails(Stage::hook)); });
    EXPECT_EQ(found_in(one_area, spoil),
              "wrong_pages " + ok +
                  "The stages passed are charge,allocation,hook and should be charge,allocation.");
    EXPECT_EQ(found_in("world pages=8\ntouch 0+1\n", spoil),
              "wrong_pages touch/errno/EFAULT at 0: The stages passed are hook and should be "
              "none.");
    EXPECT_EQ(found_in(one_area, without(spoil, Channel::stages)), "nothing");
}

TEST(check, sees_a_missed_merge) {
    const auto cut = [](SpaceView& view) {
        if (view.areas.empty()) return;
        AreaView above = view.areas[0];
        above.range = {{3}, {1}};
        above.attributes.pgoff += 3;
        view.areas[0].range.count.value = 3;
        view.areas.push_back(above);
    };
    EXPECT_EQ(found_in(one_area, spoilt_space(cut)),
              "missed_merge " + ok + "[0,3) and [3,4) should be one area.");
}

TEST(check, sees_a_wrong_merge) {
    const auto join = [](SpaceView& view) {
        if (view.areas.size() != 2) return;
        view.areas[0].range.count += view.areas[1].range.count;
        view.areas.pop_back();
    };
    EXPECT_EQ(found_in(one_area + "munmap 1+2 ! split#2\n", spoilt_space(join)),
              "wrong_merge munmap/split/both !split at 1: [0,4) should be two areas, the second "
              "from page 1 on (seam kept for the reason D11).");
}

TEST(check, sees_wrong_counters_of_a_space_unless_they_are_withheld) {
    const auto expect = [](std::uint64_t SpaceCounters::*counter, const std::string& what) {
        const Spoil spoil = spoilt_space([=](SpaceView& view) { view.counters.*counter += 9; });
        EXPECT_EQ(found_in(one_area, spoil), "wrong_counter " + ok + what);
        EXPECT_EQ(found_in(one_area, without(spoil, Channel::counters)), "nothing");
    };
    expect(&SpaceCounters::map_count, "map_count is 10 and should be 1.");
    expect(&SpaceCounters::total, "total is 13 and should be 4.");
    expect(&SpaceCounters::data, "data is 13 and should be 4.");
    expect(&SpaceCounters::exec, "exec is 9 and should be 0.");
    expect(&SpaceCounters::stack, "stack is 9 and should be 0.");
    expect(&SpaceCounters::brk, "brk is 9 and should be 0.");
    expect(&SpaceCounters::locked, "locked is 9 and should be 0.");
}

TEST(check, sees_wrong_counters_of_the_machine_unless_they_are_withheld) {
    const auto expect = [](std::function<void(MachineView&)> change, const std::string& what) {
        Spoil spoil;
        spoil.machine = std::move(change);
        EXPECT_EQ(found_in(one_file, spoil), "wrong_counter " + ok + what);
        EXPECT_EQ(found_in(one_file, without(spoil, Channel::counters)), "nothing");
    };
    expect([](MachineView& view) { view.committed = 7; }, "committed is 7 and should be 0.");
    expect([](MachineView& view) { view.objects = 1; }, "objects is 1 and should be 0.");
    expect([](MachineView& view) { view.files[0].references = 2; },
           "references of file f is 2 and should be 1.");
    expect([](MachineView& view) { view.files[0].writable = 0; },
           "writable mappings of file f is 0 and should be 1.");
}

TEST(check, sees_what_is_left_over_at_the_end) {
    const Spoil spoil = spoilt_space([](SpaceView& view) {
        if (view.areas.empty()) view.counters.total = 1;
    });
    const auto finding = finding_in(two_areas, spoil);
    ASSERT_TRUE(finding.has_value());
    EXPECT_EQ(bucket_name(finding->bucket), "wrong_counter end");
    EXPECT_EQ(finding->what, "total is 1 and should be 0.");
    EXPECT_EQ(finding->step, 2U);
}

TEST(check, sees_other_hooks_unless_they_are_withheld) {
    const Spoil spoil = spoilt_log([](StepLog& log) {
        if (log.hooks().size() == 2) log.call_open({}, FileId{9}, {{0}, {1}});
    });
    const std::string text = one_file + "mprotect 2+2 r--\n";
    EXPECT_EQ(found_in(text, spoil),
              "wrong_hooks mprotect/split/both at 1: The hooks called are open f [0,2), "
              "open f [4,6), open ? [0,1) and should be open f [0,2), open f [4,6).");
    EXPECT_EQ(found_in(text, without(spoil, Channel::hooks)), "nothing");
    const Spoil extra = spoilt_log([](StepLog& log) { log.call_open({}, FileId{1}, {{1}, {2}}); });
    EXPECT_EQ(found_in("world pages=8\nfile f driver=close\nmunmap 0+1\n", extra),
              "wrong_hooks munmap/errno/ok at 0: "
              "The hooks called are open f [1,3) and should be none.");
}

TEST(check, sees_hooks_in_the_wrong_order) {
    const std::string found =
        "wrong_hooks " + ok +
        "Old areas must be closed before the new one's hook, which is called once.";
    const Spoil late_close = spoilt_log([](StepLog& log) {
        log.call_close({}, FileId{1}, {{0}, {6}});
    });
    EXPECT_EQ(found_in(one_file, late_close), found);
    const Spoil twice = spoilt_log([](StepLog& log) {
        static_cast<void>(log.call_mmap({}, {{0}, {6}}, {}));
    });
    EXPECT_EQ(found_in(one_file, without(twice, Channel::stages)), found);
}

TEST(check, lets_a_canonical_world_start_without_the_faults_of_its_areas) {
    const Program program = parsed(
        "world pages=8 profile=canonical\n"
        "area 0+2 rw- anon private fault=1\n"
        "area 2+2 rw- anon private fault=2 forked\n"
        "touch 0+3\n");
    SpoiltTarget target({});
    Lockstep lockstep(target);
    lockstep.begin(program.world, Cells(program.world, program.steps()));
    EXPECT_FALSE(lockstep.step(program.steps().at(0)).has_value());
    const std::vector<AreaView> areas = areas_of(lockstep.reference(), SpaceId{});
    ASSERT_EQ(areas.size(), 1U);
    EXPECT_TRUE(areas[0].range == (PageRange{{0}, {4}}));
    EXPECT_TRUE(areas[0].attributes.fault.none());
    EXPECT_FALSE(areas[0].attributes.forked);
    EXPECT_FALSE(lockstep.finish().has_value());
}

TEST(check, names_buckets_for_what_happened_last) {
    Bucket bucket;
    bucket.verdict = Verdict::hang;
    EXPECT_EQ(bucket_name(bucket), "hang end");
    bucket.op = 2;
    EXPECT_EQ(bucket_name(bucket), "hang mprotect");
    bucket.stage = Stage::split;
    EXPECT_EQ(bucket_name(bucket), "hang mprotect !split");
    bucket.case_id = case_id(2, CaseKind::merge_left);
    EXPECT_EQ(bucket_name(bucket), "hang mprotect/merge/left !split");
}

TEST(renaming, is_a_bijection_that_grows) {
    Renaming names;
    names.reset(2);
    EXPECT_TRUE(names.same(0, 0));
    EXPECT_TRUE(names.same(2, 2));
    EXPECT_FALSE(names.same(1, 2));
    EXPECT_FALSE(names.same(0, 7));
    EXPECT_FALSE(names.same(7, 0));
    for (int turn = 0; turn < 2; ++turn) EXPECT_TRUE(names.same(3, 7));
    EXPECT_FALSE(names.same(3, 8));
    EXPECT_FALSE(names.same(4, 7));
    EXPECT_TRUE(names.same(7, 3));
    names.reset(0);
    EXPECT_TRUE(names.same(3, 8));
    EXPECT_TRUE(names.same(1, 2));
}

}  // namespace vmacheck
