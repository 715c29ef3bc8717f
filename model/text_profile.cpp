// Names and files of profiles; see the header.
#include "model/text_profile.h"

#include <algorithm>
#include <optional>

#include "model/profile.h"

namespace vmacheck {
namespace text {
namespace {

Expected listed_profile_names() {
    Expected expected;
    for (const Profile* known : all_profiles) expected.push_back(quoted(known->name));
    return expected;
}

// The switches of a profile, read one by one, each at most once.
class SwitchReader {
  public:
    explicit SwitchReader(const Profile& base) : base_(base), wanted_(base) {}

    // `name` and `value` are parts of the line.
    [[nodiscard]] bool find(LineScanner& line, std::string_view name) {
        Expected expected;
        const auto switches = profile_switches();
        for (std::size_t at = 0; at < switches.size(); ++at) {
            if ((seen_ >> at & 1U) != 0) continue;
            if (switches[at].name == name) {
                seen_ |= static_cast<SwitchMask>(1U << at);
                found_ = &switches[at];
                return true;
            }
            expected.push_back(quoted(switches[at].name));
        }
        if (expected.empty()) expected.emplace_back("no more switches");
        return line.fail_on(name, expected);
    }
    [[nodiscard]] bool set(LineScanner& line, std::string_view value) {
        const auto& values = found_->values;
        const auto known = std::find(values.begin(), values.end(), value);
        if (known == values.end()) return line.fail_on(value, quoted(Names(values)));
        found_->set(wanted_, static_cast<std::size_t>(known - values.begin()));
        return true;
    }
    // `last` is the part of the line that a contradiction is reported for.
    [[nodiscard]] bool finish(LineScanner& line, std::string_view last, const Profile*& profile) {
        const std::string_view wrong = contradiction_in(wanted_);
        if (!wrong.empty()) {
            return line.fail_on(last, {"switches that agree (" + std::string(wrong) + ")"});
        }
        profile = &profile_like(base_, wanted_);
        return true;
    }

  private:
    const Profile& base_;
    Profile wanted_;
    SwitchMask seen_ = 0;
    const ProfileSwitch* found_ = nullptr;
};

// The part of the word up to the next comma.
std::string_view item_of_list(const LineScanner& line) {
    return line.word().substr(0, line.word().find(','));
}

}  // namespace

bool parse_profile(LineScanner& line, const Profile*& profile) {
    std::string_view item = item_of_list(line);
    const Profile* const base = find_listed_profile(item);
    if (base == nullptr) return line.fail_on(item, listed_profile_names());
    SwitchReader reader(*base);
    while (item.size() < line.word().size()) {
        line.take_part(item.size() + 1);
        item = item_of_list(line);
        const std::string_view name = item.substr(0, item.find(':'));
        if (!reader.find(line, name)) return false;
        if (name.size() == item.size()) {
            return line.fail_on(item, {quoted(std::string(name) + ":")});
        }
        if (!reader.set(line, item.substr(name.size() + 1))) return false;
    }
    if (!reader.finish(line, item, profile)) return false;
    line.take();
    return true;
}

}  // namespace text

namespace {

using text::LineScanner;

// A file under way: `base`, then the switches.
class ProfileFile {
  public:
    [[nodiscard]] bool take(LineScanner& line) {
        if (!line.check_bytes()) return false;
        if (line.at_end()) return true;
        last_ = line;
        if (!reader_) return take_base(line);
        if (!reader_->find(line, line.word())) return false;
        line.take();
        return reader_->set(line, line.word()) && finish_profile_line(line);
    }
    [[nodiscard]] std::variant<const Profile*, ParseError> finish() {
        const Profile* profile = nullptr;
        if (!reader_) {
            static_cast<void>(last_.fail({"`base` and a profile"}));
        } else if (reader_->finish(last_, last_.word(), profile)) {
            return profile;
        }
        return last_.error();
    }

  private:
    [[nodiscard]] bool take_base(LineScanner& line) {
        if (!line.take_if("base")) return line.fail({"`base`"});
        const Profile* const base = find_listed_profile(line.word());
        if (base == nullptr) return line.fail(text::listed_profile_names());
        reader_.emplace(*base);
        return finish_profile_line(line);
    }
    [[nodiscard]] static bool finish_profile_line(LineScanner& line) {
        line.take();
        return line.at_end() || line.fail({"the end of the line"});
    }

    std::optional<text::SwitchReader> reader_;
    LineScanner last_{"", 1};  // The last line that says something, from its start.
};

}  // namespace

std::variant<const Profile*, ParseError> parse_profile_file(std::string_view text) {
    ProfileFile file;
    std::size_t start = 0;
    for (std::size_t number = 1; start < text.size(); ++number) {
        const std::size_t end = std::min(text.find('\n', start), text.size());
        LineScanner line(text.substr(start, end - start), number);
        if (!file.take(line)) return line.error();
        start = end + 1;
    }
    return file.finish();
}

const Profile* find_profile(std::string_view name) {
    // What would end a word of a text is in no name.
    if (name.find_first_of(" #") != std::string_view::npos) return nullptr;
    LineScanner line(name, 1);
    const Profile* profile = nullptr;
    return text::parse_profile(line, profile) ? profile : nullptr;
}

}  // namespace vmacheck
