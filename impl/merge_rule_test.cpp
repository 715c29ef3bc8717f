#include "impl/merge_rule.h"

#include <gtest/gtest.h>

namespace vmacheck::impl {
namespace {

Vma area(std::uint64_t start, std::uint64_t end) {
    Vma vma{Page{start}, Page{end}, Attributes{}};
    vma.attributes.pgoff = start;
    vma.attributes.flags = read_write_flags;
    return vma;
}

void set_fault(Vma& vma, std::uint32_t fault, bool forked) {
    vma.attributes.fault = FaultId{fault};
    vma.attributes.forked = forked;
}

struct Pair {
    Vma left = area(0, 2);
    Vma right = area(2, 3);
    [[nodiscard]] bool merges() const {
        return can_merge(linux_6_18_profile, left, right, RangeSide::right);
    }
};

TEST(merge_rule, equal_neighbours_with_a_linear_offset_merge) {
    EXPECT_TRUE(Pair{}.merges());
}

TEST(merge_rule, each_clause_refuses_alone) {
    Pair hole;
    hole.right = area(3, 4);
    EXPECT_FALSE(hole.merges());
    Pair flags;
    flags.right.attributes.flags = Flag::read;
    EXPECT_FALSE(flags.merges());
    Pair accounting;
    accounting.left.attributes.flags = accounting.left.attributes.flags | Flag::account;
    EXPECT_FALSE(accounting.merges());
    Pair file;
    file.right.attributes.file = FileId{1};
    EXPECT_FALSE(file.merges());
    Pair uffd;
    uffd.left.attributes.uffd = UffdContext::a;
    EXPECT_FALSE(uffd.merges());
    uffd.right.attributes.uffd = UffdContext::b;
    EXPECT_FALSE(uffd.merges());
    uffd.right.attributes.uffd = UffdContext::a;
    EXPECT_TRUE(uffd.merges());
    Pair offset;
    offset.right.attributes.pgoff = 3;
    EXPECT_FALSE(offset.merges());
}

TEST(merge_rule, one_identity_serves_both_sides_and_two_do_not) {
    Pair pair;
    set_fault(pair.left, 1, false);
    EXPECT_TRUE(pair.merges());
    set_fault(pair.right, 2, false);
    EXPECT_FALSE(pair.merges());
    set_fault(pair.right, 1, false);
    EXPECT_TRUE(pair.merges());
}

TEST(merge_rule, a_forked_identity_does_not_spread) {
    Pair pair;
    set_fault(pair.right, 1, true);
    EXPECT_FALSE(pair.merges());
    set_fault(pair.left, 1, true);
    EXPECT_TRUE(pair.merges());
    set_fault(pair.right, 0, false);
    EXPECT_FALSE(pair.merges());
}

// Up to 6.15 the chain of the neighbour had to be singular, and that of the range did not matter.
TEST(merge_rule, a_neighbour_without_identity_takes_over_none_where_its_chain_must_be_singular) {
    Pair pair;
    set_fault(pair.left, 1, false);
    const auto merges = [&](RangeSide side) {
        return can_merge(linux_6_12_profile, pair.left, pair.right, side);
    };
    EXPECT_TRUE(merges(RangeSide::right));
    EXPECT_FALSE(merges(RangeSide::left));
    set_fault(pair.left, 1, true);
    EXPECT_FALSE(merges(RangeSide::right));
    EXPECT_FALSE(merges(RangeSide::left));
    set_fault(pair.right, 1, true);
    EXPECT_TRUE(merges(RangeSide::left));
    set_fault(pair.left, 0, false);
    set_fault(pair.right, 0, false);
    EXPECT_TRUE(merges(RangeSide::left));
}

TEST(merge_rule, two_that_fit_the_range_between_need_not_fit_each_other) {
    Vma left = area(0, 1);
    Vma right = area(2, 3);
    EXPECT_TRUE(can_meet(left, right));
    set_fault(left, 1, false);
    EXPECT_TRUE(can_meet(left, right));
    set_fault(right, 2, false);
    EXPECT_FALSE(can_meet(left, right));
}

TEST(merge_rule, an_identity_is_lent_across_access_flags_only) {
    Pair pair;
    set_fault(pair.right, 1, false);
    pair.right.attributes.flags = Flag::read;
    EXPECT_TRUE(can_lend_fault(pair.left, pair.right, pair.right));
    EXPECT_FALSE(can_lend_fault(pair.left, pair.right, pair.left));
    pair.right.attributes.flags = Flag::read | Flag::dont_copy;
    EXPECT_FALSE(can_lend_fault(pair.left, pair.right, pair.right));
    pair.right.attributes.flags = Flag::read;
    pair.right.attributes.uffd = UffdContext::a;
    EXPECT_TRUE(can_lend_fault(pair.left, pair.right, pair.right));
    set_fault(pair.right, 1, true);
    EXPECT_FALSE(can_lend_fault(pair.left, pair.right, pair.right));
}

}  // namespace
}  // namespace vmacheck::impl
