// Options of the program target.
#include "fuzz/session_options.h"

#include <gtest/gtest.h>

#include <vector>

namespace vmacheck {
namespace {

std::variant<SessionOptions, std::string> parse(std::vector<const char*> words) {
    words.insert(words.begin(), "vmacheck-fuzz");
    return parse_session_options(static_cast<int>(words.size()), words.data());
}

TEST(SessionOptions, are_what_the_words_say) {
    const auto parsed = parse({"-seed=1", "--profile=canonical", "--raw", "--systematic",
                               "--finds=a b", "--once", "--journal=j", "corpus"});
    ASSERT_TRUE(std::holds_alternative<SessionOptions>(parsed));
    const auto& options = std::get<SessionOptions>(parsed);
    EXPECT_EQ(options.profile, &canonical_profile);
    EXPECT_TRUE(options.raw);
    EXPECT_TRUE(options.systematic);
    EXPECT_TRUE(options.once);
    EXPECT_EQ(options.finds, "a b");
    EXPECT_EQ(options.journal, "j");
}

TEST(SessionOptions, are_quiet_without_words) {
    const auto parsed = parse({"-max_len=100", "corpus"});
    ASSERT_TRUE(std::holds_alternative<SessionOptions>(parsed));
    const auto& options = std::get<SessionOptions>(parsed);
    EXPECT_EQ(options.profile, nullptr);
    EXPECT_FALSE(options.raw);
    EXPECT_FALSE(options.systematic);
    EXPECT_TRUE(options.finds.empty());
}

TEST(SessionOptions, wrong_words_are_named) {
    const std::pair<const char*, const char*> wrong[] = {
        {"--profile=windows", "there is no profile `windows`"},
        {"--profile", "there is no option `--profile`"},
        {"--bug=butterfly", "there is no bug `butterfly`"},
        {"--bug=leak", "this build has no seeded bugs"},
        {"--nonsense", "there is no option `--nonsense`"},
    };
    for (const auto& [word, what] : wrong) {
        const auto parsed = parse({word});
        ASSERT_TRUE(std::holds_alternative<std::string>(parsed)) << word;
        EXPECT_EQ(std::get<std::string>(parsed), what);
    }
}

}  // namespace
}  // namespace vmacheck
