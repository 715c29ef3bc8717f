// A session on a target with a seeded bug: what it saves, counts and tells.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "cli/shell_for_tests.h"
#include "fuzz/mutate_bytes.h"
#include "fuzz/session.h"
#include "impl/bugs.h"
#include "impl/impl_target.h"
#include "model/binary.h"
#include "model/text.h"

namespace vmacheck {
namespace {

namespace fs = std::filesystem;
using Bytes = std::vector<std::uint8_t>;

class FuzzSession : public testing::Test {
  public:
    FuzzSession() {
        disable_bugs();
        EXPECT_TRUE(enable_bug(Bug::split_keeps_parent_offset));
        std::string name = (fs::temp_directory_path() / "vmacheck_XXXXXX").string();
        if (mkdtemp(name.data()) != nullptr) folder = options.finds = name;
    }
    ~FuzzSession() override {
        disable_bugs();
        if (!folder.empty()) fs::remove_all(folder);
    }
    FuzzSession(const FuzzSession&) = delete;
    FuzzSession& operator=(const FuzzSession&) = delete;

    // Runs `text` and answers what the session says about it on stdout.
    std::string said(Session& session, const std::string& text) {
        const auto parsed = parse_program(text);
        const auto& program = std::get<Program>(parsed);
        Bytes bytes;
        encode_program(program.world, program.steps(), bytes);
        testing::internal::CaptureStdout();
        session.execute(bytes);
        // Without the sums, which come now and then.
        std::string output = testing::internal::GetCapturedStdout();
        std::string finds;
        while (const std::optional<Message> message = take_message(output)) {
            if (std::holds_alternative<FindMessage>(*message)) finds += message_text(*message);
        }
        return finds;
    }

    std::string folder;
    SessionOptions options;
    ImplTarget target{ImplOptions{}};
    std::array<std::uint8_t, case_count> counters{};
};

constexpr const char* bad =
    "vma 1\nworld pages=8 profile=linux-6.18\nmmap 0+4 rw- anon private\nmunmap 6+1\nmunmap 7+1\n"
    "munmap 1+1\nmunmap 5+1\n";
constexpr const char* shorter =
    "vma 1\nworld pages=8 profile=linux-6.18\nmmap 0+4 rw- anon private\nmunmap 1+1\n";
constexpr const char* good =
    "vma 1\nworld pages=8 profile=linux-6.18\nmmap 0+4 rw- anon private\nmunmap 0+4\n";

constexpr const char* struck =
    "vma 1\nworld pages=8 profile=linux-6.18\nmmap 0+4 rw- anon private ! charge\n";

TEST_F(FuzzSession, saves_a_find_and_tells_of_it) {
    Session session(options, target, counters);
    std::string output = said(session, bad);
    const std::optional<Message> message = take_message(output);
    ASSERT_TRUE(message);
    const auto& find = std::get<FindMessage>(*message);
    EXPECT_EQ(cli::read_file(find.path), find.text);
    // It ends with the step that failed.
    EXPECT_TRUE(find.text.ends_with("munmap 1+1\n")) << find.text;
    EXPECT_TRUE(std::holds_alternative<Program>(parse_program(find.text)));
}

TEST_F(FuzzSession, tells_of_a_bucket_again_only_for_what_is_shorter) {
    Session session(options, target, counters);
    EXPECT_NE(said(session, bad), "");
    EXPECT_EQ(said(session, bad), "");
    EXPECT_NE(said(session, shorter), "");
    EXPECT_EQ(said(session, bad), "");
    EXPECT_EQ(said(session, good), "");
    testing::internal::CaptureStdout();
    session.say_stats();
    std::string output = testing::internal::GetCapturedStdout();
    const auto stats = std::get<StatsMessage>(*take_message(output));
    EXPECT_EQ(stats.executions, 5U);
    // The good one comes to its end, where everything is unmapped in one step more.
    EXPECT_EQ(stats.steps, 4U + 4U + 2U + 4U + 2U + 1U);
    EXPECT_EQ(std::get<BucketMessage>(*take_message(output)).count, 4U);
    EXPECT_FALSE(take_message(output));
}

TEST_F(FuzzSession, tells_of_a_find_that_it_cannot_save) {
    fs::remove_all(options.finds);
    Session session(options, target, counters);
    std::string output = said(session, shorter);
    const auto find = std::get<FindMessage>(*take_message(output));
    EXPECT_EQ(find.path, "");
    EXPECT_NE(find.text.find("munmap 1+1"), std::string::npos);
}

// Who dies between two words has told of at least half.
TEST_F(FuzzSession, tells_of_its_sums_often_when_it_begins) {
    Session session(options, target, counters);
    testing::internal::CaptureStdout();
    for (int run = 0; run < 9; ++run) session.execute({});
    std::string output = testing::internal::GetCapturedStdout();
    std::vector<std::uint64_t> executions;
    while (const std::optional<Message> message = take_message(output)) {
        if (const auto* const stats = std::get_if<StatsMessage>(&*message))
            executions.push_back(stats->executions);
    }
    EXPECT_EQ(executions, (std::vector<std::uint64_t>{1, 2, 4, 8}));
}

TEST_F(FuzzSession, counts_the_cases_of_each_input_for_the_engine) {
    Session session(options, target, counters);
    static_cast<void>(said(session, good));
    const auto sum = [this] {
        std::size_t all = 0;
        for (const std::uint8_t count : counters) all += count;
        return all;
    };
    const std::size_t once = sum();
    EXPECT_GT(once, 1U);
    static_cast<void>(said(session, good));
    EXPECT_EQ(sum(), once);
}

TEST_F(FuzzSession, keeps_the_input_under_way) {
    options.journal = options.finds + "/journal";
    std::ofstream(options.journal).put('\0');
    Session session(options, target, counters);
    static_cast<void>(said(session, bad));
    static_cast<void>(said(session, struck));
    static_cast<void>(said(session, good));
    const JournalledInput input = read_journal(cli::read_file(options.journal)).value();
    EXPECT_EQ(input.executions, 2U);
    EXPECT_EQ(input.steps, 4U + 2U);
    EXPECT_EQ(input.failed_steps, 1U);
    EXPECT_EQ(input.failed_point, 0U);
    const Candidate candidate = program_under_way(input, nullptr);
    EXPECT_EQ(print_program(program_of(candidate.world, candidate.steps)), good);
    EXPECT_EQ(program_under_way(input, &canonical_profile).world.profile, &canonical_profile);
}

// Programs in which the bug has its chance, and nothing fails by itself. They differ in what
// changes nothing, because of one input in some a step is failed.
std::vector<std::string> heaps() {
    std::vector<std::string> programs;
    for (int page = 8; page < 60; ++page) {
        for (int count = 1; count <= 4; ++count) {
            programs.push_back("vma 1\nworld pages=64 profile=linux-6.18 heap=2\nbrk 4\nmunmap " +
                               std::to_string(page) + "+" + std::to_string(count) + "\n");
        }
    }
    return programs;
}

TEST_F(FuzzSession, fails_a_step_at_each_of_its_points) {
    disable_bugs();
    EXPECT_TRUE(enable_bug(Bug::charge_not_undone_on_late_failure));
    options.systematic = true;
    options.journal = options.finds + "/journal";
    std::ofstream(options.journal).put('\0');
    Session session(options, target, counters);
    std::string output;
    for (const std::string& program : heaps()) {
        if (output.empty()) output = said(session, program);
    }
    const std::optional<Message> message = take_message(output);
    ASSERT_TRUE(message) << "no step was failed";
    const auto& find = std::get<FindMessage>(*message);
    EXPECT_NE(find.text.find(" ! #"), std::string::npos) << find.text;
    EXPECT_EQ(cli::read_file(find.path), find.text);
    // A process that dies of it leaves the same.
    const JournalledInput input = read_journal(cli::read_file(options.journal)).value();
    EXPECT_GT(input.failed_point, 0U);
    const Candidate candidate = program_under_way(input, nullptr);
    EXPECT_EQ(print_program(program_of(candidate.world, candidate.steps)), find.text);
}

TEST_F(FuzzSession, fails_no_step_unless_it_was_told_to) {
    disable_bugs();
    EXPECT_TRUE(enable_bug(Bug::charge_not_undone_on_late_failure));
    Session session(options, target, counters);
    for (const std::string& program : heaps()) EXPECT_EQ(said(session, program), "");
}

// A journal may say anything.
TEST(Journal, believes_no_step_that_is_not_there) {
    JournalledInput input;
    input.failed_step = 99;
    input.failed_point = 1;
    EXPECT_TRUE(program_under_way(input, nullptr).steps.empty());
}

TEST(Journal, that_is_cut_holds_nothing) {
    EXPECT_FALSE(read_journal(""));
    EXPECT_FALSE(read_journal(std::string(47, 'x')));
}

TEST_F(FuzzSession, obeys_the_profile_that_it_was_told) {
    options.profile = &canonical_profile;
    Session session(options, target, counters);
    EXPECT_NE(said(session, bad).find("profile=canonical"), std::string::npos);
}

TEST_F(FuzzSession, ends_like_a_crash_if_nobody_listens) {
    options.finds = "";
    testing::FLAGS_gtest_death_test_style = "threadsafe";
    Session session(options, target, counters);
    EXPECT_DEATH(static_cast<void>(said(session, bad)), "wrong_pages munmap.*\n.*\nvma 1");
}

}  // namespace
}  // namespace vmacheck
