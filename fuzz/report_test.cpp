// Messages of a fuzzing process, and words that are none.
#include "fuzz/report.h"

#include <gtest/gtest.h>

namespace vmacheck {
namespace {

StatsMessage some_stats() {
    StatsMessage stats{1, 20, 300, {}};
    for (CaseId id = 0; id < case_count; ++id) stats.cases[id] = id * id;
    return stats;
}

TEST(FuzzReport, every_message_is_read_as_it_was_written) {
    const Message messages[] = {some_stats(),
                                BucketMessage{7, "missed_merge mprotect/merge/left"},
                                FindMessage{"found/find 1.orig.vma", "vma 1\nmunmap 0+1\n"},
                                FindMessage{"", "vma 1\n"},
                                FindMessage{"path", ""},
                                OtherLine{"a library has something to say"},
                                OtherLine{""}};
    std::string all;
    for (const Message& message : messages) all += message_text(message);
    for (const Message& message : messages) {
        const std::optional<Message> taken = take_message(all);
        ASSERT_TRUE(taken);
        EXPECT_EQ(*taken, message);
    }
    EXPECT_EQ(all, "");
}

TEST(FuzzReport, a_message_comes_when_it_is_there_as_a_whole) {
    const std::string whole = message_text(FindMessage{"path", "vma 1\nmunmap 0+1\n"});
    for (std::size_t length = 0; length < whole.size(); ++length) {
        std::string part = whole.substr(0, length);
        EXPECT_FALSE(take_message(part)) << length;
        EXPECT_EQ(part, whole.substr(0, length));
    }
    std::string text = whole;
    EXPECT_TRUE(take_message(text));
}

TEST(FuzzReport, what_is_not_quite_a_message_is_somebody_elses) {
    std::string too_few = "stats 1 2 3 4\n";
    EXPECT_EQ(take_message(too_few), Message{OtherLine{"stats 1 2 3 4"}});
    std::string too_many = message_text(some_stats());
    too_many.insert(too_many.size() - 1, " 5");
    EXPECT_TRUE(std::holds_alternative<OtherLine>(*take_message(too_many)));
    std::string no_number = "bucket of water\n";
    EXPECT_EQ(take_message(no_number), Message{OtherLine{"bucket of water"}});
    std::string no_size = "find me\n";
    EXPECT_EQ(take_message(no_size), Message{OtherLine{"find me"}});
}

}  // namespace
}  // namespace vmacheck
