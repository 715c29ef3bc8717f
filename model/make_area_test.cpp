// Tests that an initial area is what its operations make.
#include "model/make_area.h"

#include <gtest/gtest.h>

#include <string>
#include <variant>
#include <vector>

#include "impl/impl_target.h"
#include "model/text.h"

namespace vmacheck {
namespace {

// The areas of `target` after steps that each have to succeed.
SpaceView made_by(Target& target, const std::vector<Op>& ops) {
    for (const Op& op : ops) {
        StepLog log;
        EXPECT_EQ(target.apply({op, {}, {}}, log), Errno::ok) << "operation " << op.index();
    }
    SpaceView view;
    target.observe(SpaceId{0}, view);
    return view;
}

class MakeArea : public testing::TestWithParam<const char*> {};

TEST_P(MakeArea, gives_it_every_attribute) {
    const std::string text =
        "vma 1\nworld pages=16 profile=linux-6.18 pkeys=3\nfile f driver=mmap_prepare\narea 4+4 " +
        std::string(GetParam()) + "\n";
    const auto parsed = parse_program(text);
    const auto* const program = std::get_if<Program>(&parsed);
    ASSERT_NE(program, nullptr) << std::get<ParseError>(parsed).message;
    ASSERT_EQ(program->world.areas.size(), 1U);
    const InitialArea area = program->world.areas.front();

    World empty = program->world;
    empty.areas.clear();
    ImplTarget target{ImplOptions{.verify = true}};
    target.create(empty);
    const SpaceView view = made_by(target, operations_that_make(empty, area));
    ASSERT_EQ(view.areas.size(), 1U);
    EXPECT_EQ(view.areas.front().range, area.range);
    EXPECT_EQ(view.areas.front().attributes, area.attributes);
}

INSTANTIATE_TEST_SUITE_P(
    of_each_kind, MakeArea,
    testing::Values(
        "r-- anon private", "rw- anon private flags=account", "rw- anon private flags=noreserve",
        "rw- anon private flags=account fault=1", "rw- file=f@2 private flags=account",
        "r-x file=f@2 shared", "rw- anon droppable flags=noreserve,wipeonfork,dontdump",
        "rw- anon private flags=account,growsdown", "rw- anon private flags=account pkey=2",
        "--x anon private pkey=3", "--x anon private", "--x anon private pkey=1",
        "r-- anon private flags=seq_read,dontcopy,mergeable",
        "r-- anon private flags=rand_read,nohugepage", "r-- anon private flags=hugepage",
        "rw- anon private flags=account,locked fault=1",
        "r-- anon private flags=locked,lockonfault", "r-- anon private policy=bind home_node",
        "r-- anon private name=b", "rw- anon private flags=account uffd=b missing+wp",
        "r-- anon private flags=sealed"));

}  // namespace
}  // namespace vmacheck
