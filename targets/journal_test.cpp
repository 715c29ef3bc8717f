// A journal is a program at every moment of its life.
#include "targets/journal.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <sstream>

#include "model/text.h"

namespace vmacheck {
namespace {

std::string contents(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

class Journalled : public testing::Test {
  protected:
    void SetUp() override {
        path_ = testing::TempDir() + "journal_test." + std::to_string(getpid()) + "." +
                testing::UnitTest::GetInstance()->current_test_info()->name();
        ASSERT_TRUE(journal_.open(path_, "of a test"));
        world_.pages = PageCount{8};
    }
    void TearDown() override { std::remove(path_.c_str()); }

    Program read() const {
        const std::string bytes = contents(path_);
        const auto parsed = parse_program(journal_text(bytes));
        EXPECT_TRUE(std::holds_alternative<Program>(parsed)) << journal_text(bytes);
        return std::get<Program>(parsed);
    }

    std::string path_;
    JournalFile journal_;
    World world_;
    const Step unmap_{Munmap{{Page{1}, PageCount{2}}}, SpaceId{}, {}};
    const Step fork_{Fork{SpaceId{1}}, SpaceId{}, {}};
};

TEST_F(Journalled, holds_each_step_as_soon_as_it_is_told) {
    journal_.begin(world_, 7);
    EXPECT_TRUE(read().steps().empty());
    journal_.step(unmap_, world_);
    EXPECT_EQ(read().steps(), std::vector<Step>{unmap_});
    journal_.step(fork_, world_);
    EXPECT_EQ(read().steps(), (std::vector<Step>{unmap_, fork_}));
    EXPECT_EQ(read().version_comments.beside, "");
    EXPECT_NE(contents(path_).find("\n# journal of program 7 of a test\n"), std::string::npos);
}

TEST_F(Journalled, can_be_read_without_its_file) {
    journal_.begin(world_, 7);
    journal_.step(unmap_, world_);
    const std::string bytes = contents(path_);
    ASSERT_EQ(std::remove(path_.c_str()), 0);
    EXPECT_EQ(journal_.text(), journal_text(bytes));
}

TEST_F(Journalled, forgets_the_program_before) {
    journal_.begin(world_, 1);
    for (int i = 0; i < 50; ++i) journal_.step(unmap_, world_);
    journal_.begin(world_, 2);
    journal_.step(fork_, world_);
    EXPECT_EQ(read().steps(), std::vector<Step>{fork_});
}

TEST_F(Journalled, is_a_program_whenever_its_writer_is_killed) {
    for (int kills = 0; kills < 100; ++kills) {
        JournalFile journal;
        ASSERT_TRUE(journal.open(path_, "of a test"));
        journal.begin(world_, 0);
        const pid_t writer = fork();
        ASSERT_GE(writer, 0);
        if (writer == 0) {
            for (std::uint64_t program = 1;; ++program) journal.begin(world_, program);
        }
        const timespec moment{.tv_sec = 0, .tv_nsec = 1'000'000};
        nanosleep(&moment, nullptr);
        ASSERT_EQ(kill(writer, SIGKILL), 0);
        ASSERT_EQ(waitpid(writer, nullptr, 0), writer);
        EXPECT_TRUE(read().steps().empty());
    }
}

TEST_F(Journalled, leaves_a_torn_last_line_out) {
    journal_.begin(world_, 1);
    journal_.step(unmap_, world_);
    std::string bytes = contents(path_);
    const std::size_t end = bytes.find('\0');
    const std::string torn = "munm";
    bytes.replace(end, torn.size(), torn);
    const auto parsed = parse_program(journal_text(bytes));
    ASSERT_TRUE(std::holds_alternative<Program>(parsed));
    EXPECT_EQ(std::get<Program>(parsed).steps(), std::vector<Step>{unmap_});
}

TEST_F(Journalled, writes_nothing_behind_its_end) {
    journal_.begin(world_, 1);
    const std::size_t more_than_fit = journal_bytes_max / 8;
    for (std::size_t i = 0; i < more_than_fit; ++i) journal_.step(unmap_, world_);
    EXPECT_EQ(contents(path_).size(), journal_bytes_max);
    EXPECT_GT(read().steps().size(), journal_bytes_max / 16);
}

TEST(journal_text, leaves_any_other_text_alone) {
    EXPECT_EQ(journal_text("vma 1\nmunmap 0+1"), "vma 1\nmunmap 0+1");
    EXPECT_EQ(journal_text(""), "");
}

TEST(journal_file, says_no_where_it_cannot_be_written) {
    JournalFile journal;
    EXPECT_FALSE(journal.open("/nonexistent/journal", ""));
}

}  // namespace
}  // namespace vmacheck
