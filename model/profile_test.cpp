// Tests of the switches of profiles, of their names, and of the files that turn them.
#include "model/profile.h"

#include <gtest/gtest.h>

#include <array>
#include <fstream>
#include <iterator>
#include <set>
#include <string>

#include "model/text_profile.h"

namespace vmacheck {
namespace {

// What a text for a profile is read as: a name, or the place and the words of an error.
std::string read_as(std::string_view text) {
    const std::variant<const Profile*, ParseError> result = parse_profile_file(text);
    if (const auto* const error = std::get_if<ParseError>(&result)) {
        return std::to_string(error->line) + ":" + std::to_string(error->column) + " " +
               error->message;
    }
    return std::string(std::get<const Profile*>(result)->name);
}

constexpr std::string_view listed =
    "`canonical`, `linux-6.18`, `linux-6.12`, `linux-6.15` or `linux-7.3`";

TEST(profile, of_the_list_is_found_by_its_name) {
    for (const Profile* const profile : all_profiles) {
        EXPECT_EQ(find_profile(profile->name), profile);
        EXPECT_EQ(&base_of(*profile), profile);
        EXPECT_EQ(switches_of(*profile), 0U);
        EXPECT_EQ(contradiction_in(*profile), "");
        EXPECT_FALSE(profile->source.empty());
    }
}

TEST(profile, with_other_switches_is_found_by_a_name_that_spells_them_out) {
    const std::string_view name = "linux-6.18,fault_rule:singular_neighbour,ksm_flag:late";
    const Profile* const profile = find_profile(name);
    ASSERT_NE(profile, nullptr);
    EXPECT_EQ(profile->name, name);
    EXPECT_EQ(profile->fault_rule, FaultRule::singular_neighbour);
    EXPECT_EQ(profile->ksm_flag, KsmFlag::late);
    EXPECT_TRUE(profile->prepare_hooks);
    EXPECT_EQ(&base_of(*profile), &linux_6_18_profile);
    EXPECT_EQ(profile->source, linux_6_18_profile.source);
    // One object, whatever the order.
    EXPECT_EQ(find_profile("linux-6.18,ksm_flag:late,fault_rule:singular_neighbour"), profile);
    EXPECT_EQ(profile_with(linux_6_18_profile, switches_of(*profile)), profile);
    EXPECT_EQ(&profile_like(linux_6_18_profile, *profile), profile);
}

TEST(profile, that_differs_in_nothing_is_the_one_it_is_based_on) {
    EXPECT_EQ(find_profile("linux-6.12,fault_rule:singular_neighbour"), &linux_6_12_profile);
    EXPECT_EQ(profile_with(linux_7_3_profile, 0), &linux_7_3_profile);
}

TEST(profile, has_no_other_names) {
    for (const char* const name :
         {"", "linux", "linux-6.18,", "linux-6.18,fault_rule",
          "linux-6.18,fault_rule:", "linux-6.18,fault_rule:late", "linux-6.18,rule:late",
          ",fault_rule:unforked", "linux-6.18,ksm_flag:late,ksm_flag:late", "linux-6.18 ",
          " linux-6.18", "linux-6.18#", "linux-6.18,maximal:on", "canonical,fault_identity:on"}) {
        EXPECT_EQ(find_profile(name), nullptr) << name;
    }
}

TEST(profile, has_switches_with_two_values_each_that_can_be_set) {
    std::set<std::string_view> names;
    for (const ProfileSwitch& each : profile_switches()) {
        EXPECT_TRUE(names.insert(each.name).second) << each.name;
        EXPECT_NE(each.values[0], each.values[1]);
        EXPECT_FALSE(each.says.empty());
        for (const std::size_t value : {0U, 1U}) {
            Profile profile = linux_6_18_profile;
            each.set(profile, value);
            EXPECT_EQ(each.value(profile), value) << each.name;
        }
    }
    EXPECT_LE(names.size(), profile_switches_max);
}

TEST(profile, without_its_promises_is_refused) {
    const auto refused = [](SwitchMask turned) {
        return profile_with(canonical_profile, turned) == nullptr;
    };
    // All that `maximal` and `atomic` rest on.
    for (const int bit : {0, 1, 2, 3, 4, 7}) {
        EXPECT_TRUE(refused(static_cast<SwitchMask>(1U << bit))) << bit;
    }
    EXPECT_FALSE(refused(0x03));
    EXPECT_FALSE(refused(0x60));
}

TEST(profile, is_explained_in_a_manual_that_names_them_all) {
    std::ifstream file(VMACHECK_SOURCE_DIR "/docs/profiles.md");
    const std::string manual{std::istreambuf_iterator<char>(file), {}};
    const auto expect_word = [&](std::string_view word) {
        const std::string quoted = "`" + std::string(word) + "`";
        EXPECT_NE(manual.find(quoted), std::string::npos) << quoted;
    };
    for (const Profile* const profile : all_profiles) expect_word(profile->name);
    // A row of the table: the switch, and its value in each profile.
    const std::array<const Profile*, 5> columns = {&canonical_profile, &linux_6_12_profile,
                                                   &linux_6_15_profile, &linux_6_18_profile,
                                                   &linux_7_3_profile};
    EXPECT_EQ(columns.size(), all_profiles.size());
    for (const ProfileSwitch& each : profile_switches()) {
        std::string row = "| `" + std::string(each.name) + "` |";
        for (const Profile* const profile : columns) {
            row += " " + std::string(each.values[each.value(*profile)]) + " |";
        }
        EXPECT_NE(manual.find(row), std::string::npos) << row;
    }
}

TEST(profile_file, names_a_base_and_what_differs_from_it) {
    EXPECT_EQ(read_as("base linux-6.18\nfault_rule singular_neighbour\n"),
              "linux-6.18,fault_rule:singular_neighbour");
    EXPECT_EQ(read_as("base linux-6.12"), "linux-6.12");
    EXPECT_EQ(read_as("# a rule\n\n  base linux-6.18  # of my own\n\nksm_flag late # x\n# end"),
              "linux-6.18,ksm_flag:late");
    EXPECT_EQ(read_as("base linux-6.12\nprepare_hooks on\nfault_rule unforked\nksm_flag early\n"),
              "linux-6.12,fault_rule:unforked,prepare_hooks:on,ksm_flag:early");
}

TEST(profile_file, says_where_it_is_wrong_and_what_there_is) {
    const std::string names(listed);
    EXPECT_EQ(read_as(""), "1:1 expected `base` and a profile, found the end of the line");
    EXPECT_EQ(read_as("# x\n"), "1:1 expected `base` and a profile, found the end of the line");
    EXPECT_EQ(read_as("ksm_flag late"), "1:1 expected `base`, found `ksm_flag`");
    EXPECT_EQ(read_as("base"), "1:5 expected " + names + ", found the end of the line");
    EXPECT_EQ(read_as("base linux-5.4"), "1:6 expected " + names + ", found `linux-5.4`");
    EXPECT_EQ(read_as("base linux-6.18 x"), "1:17 expected the end of the line, found `x`");
    EXPECT_EQ(
        read_as("base linux-6.18\nrule late"),
        "2:1 expected `maximal`, `atomic`, `fault_identity`, `count_limit`, `close_hooks`, "
        "`fault_rule`, `prepare_hooks`, `ksm_flag`, `mremap_order`, `uffd_unregister`, "
        "`uffd_wp`, `stack_charge`, `replaced_charge`, `prepare_charge`, "
        "`guard_regions`, `guard_flag`, `multi_move`, `dontunmap`, `mremap_count`, "
        "`uffd_copy`, `dofork`, `source_charge`, `move_charge`, `tail_charge`, `second_merge`, "
        "`second_merge_of` or `set_file`, found `rule`");
    EXPECT_EQ(read_as("base linux-6.18\n\nksm_flag never"),
              "3:10 expected `early` or `late`, found `never`");
    EXPECT_EQ(read_as("base linux-6.18\nksm_flag"),
              "2:9 expected `early` or `late`, found the end of the line");
    EXPECT_EQ(read_as("base linux-6.18\nksm_flag late late"),
              "2:15 expected the end of the line, found `late`");
    EXPECT_EQ(read_as("base linux-6.18\nksm_flag\tlate"),
              "2:9 expected printable ASCII, found byte 0x09 (a tab)");
}

TEST(profile_file, turns_a_switch_once_and_into_what_agrees) {
    EXPECT_EQ(read_as("base linux-6.18\nksm_flag late\nksm_flag early").substr(0, 20),
              "3:1 expected `maxima");
    EXPECT_EQ(read_as("base linux-6.18\nmaximal on\n# x\n"),
              "2:1 expected switches that agree (`maximal` and `atomic` are both on or both off), "
              "found `maximal`");
    std::string all = "base linux-6.18\n";
    for (const ProfileSwitch& each : profile_switches()) {
        all += std::string(each.name) + " " +
               std::string(each.values[each.value(linux_6_18_profile)]) + "\n";
    }
    EXPECT_EQ(read_as(all), "linux-6.18");
    EXPECT_EQ(read_as(all + "x y"), "29:1 expected no more switches, found `x`");
}

}  // namespace
}  // namespace vmacheck
