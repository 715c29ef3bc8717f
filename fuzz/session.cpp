// One input after the other; see the header.
#include "fuzz/session.h"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "model/binary.h"
#include "model/hash.h"
#include "model/text.h"

namespace vmacheck {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::milliseconds stats_interval{500};
// The clock is asked once in so many inputs.
constexpr std::uint64_t clock_interval = 64;

// Of one input in so many a step is failed at each of its points: systematically, where the
// engine's own failures come by chance. It is the hash of the input that says which, so that an
// input does the same each time.
constexpr std::uint64_t failed_one_in = 8;

// What goes before the input: executions, steps, failed steps, the step that fails and its point,
// bytes of the input.
using JournalHeader = std::array<std::uint64_t, 6>;

std::string_view text_of(std::span<const std::uint8_t> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// By the rules of `profile`; null: those that the input names.
void read_input(std::span<const std::uint8_t> bytes, const Profile* profile, World& world,
                std::vector<Step>& steps) {
    decode_program(bytes, linux_6_18_profile, world, steps);
    if (profile != nullptr) world.profile = profile;
}

void say(const Message& message) {
    const std::string text = message_text(message);
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
}

bool write_file(const std::string& path, std::string_view text) {
    std::FILE* const file = std::fopen(path.c_str(), "wb");
    if (file == nullptr) return false;
    const bool written = std::fwrite(text.data(), 1, text.size(), file) == text.size();
    return std::fclose(file) == 0 && written;
}

}  // namespace

std::string save_find(const std::string& folder, const std::string& text) {
    char name[32];
    std::snprintf(name, sizeof name, "find-%016llx", static_cast<unsigned long long>(fnv1a(text)));
    std::string path = folder + "/" + name + ".orig.vma";
    const std::string unfinished = path + ".tmp";
    std::error_code error;
    if (write_file(unfinished, text)) {
        fs::rename(unfinished, path, error);
        if (!error) return path;
    }
    fs::remove(unfinished, error);
    return "";
}

Session::Session(const SessionOptions& options, Target& target,
                 std::span<std::uint8_t, case_count> case_counters)
    : options_(options), case_counters_(case_counters), lockstep_(target) {
    if (!options_.journal.empty()) {
        journal_.reset(std::fopen(options_.journal.c_str(), "r+b"));
        // Each input goes to the file at once.
        if (journal_ != nullptr) std::setvbuf(journal_.get(), nullptr, _IONBF, 0);
    }
}

void Session::execute(std::span<const std::uint8_t> bytes) {
    write_journal(bytes, {});
    read_input(bytes, options_.profile, world_, steps_);
    std::optional<Finding> finding = run_program(lockstep_, world_, steps_, &points_);
    if (!finding && options_.systematic) finding = fail_a_step(bytes);
    ++executions_;
    count_cases();
    if (finding) keep(*finding);
    // Of one that dies soon, at least half of the inputs were told of.
    const bool doubled = std::has_single_bit(executions_);
    const bool looks = executions_ % clock_interval == 0;
    if (doubled || (looks && std::chrono::steady_clock::now() >= next_stats_)) say_stats();
}

std::optional<Finding> Session::fail_a_step(std::span<const std::uint8_t> bytes) {
    const std::uint64_t draw = fnv1a(text_of(bytes));
    if (steps_.empty() || draw % failed_one_in != 0) return std::nullopt;
    // One that fails already was made so, and how far it would have come is not known.
    const auto can_fail = [this](std::size_t step) {
        return steps_[step].failure.kind == Failure::Kind::none && points_[step] > 0;
    };
    std::size_t at = draw / failed_one_in % steps_.size();
    for (std::size_t passed = 0; !can_fail(at); ++passed) {
        if (passed == steps_.size()) return std::nullopt;
        at = (at + 1) % steps_.size();
    }
    steps_.resize(at + 1);
    const std::size_t last = points_with_a_name(points_[at]);
    for (std::size_t point = 1; point <= last; ++point) {
        write_journal(bytes, {at, point});
        steps_[at].failure = failure_at_point(point);
        if (std::optional<Finding> finding = run_program(lockstep_, world_, steps_)) return finding;
    }
    return std::nullopt;
}

// In one write, so that an input is there as a whole or not at all. The sizes come first: what is
// left of a longer input behind the end does not count.
void Session::write_journal(std::span<const std::uint8_t> bytes, FailedPoint failed) {
    if (journal_ == nullptr) return;
    const JournalHeader header = {
        executions_, lockstep_.step_count(), lockstep_.failed_step_count(),
        failed.step, failed.point,           bytes.size()};
    journalled_.assign(reinterpret_cast<const char*>(header.data()), sizeof header);
    journalled_.append(text_of(bytes));
    if (std::fseek(journal_.get(), 0, SEEK_SET) != 0) return;
    std::fwrite(journalled_.data(), 1, journalled_.size(), journal_.get());
}

std::optional<JournalledInput> read_journal(std::string_view journal) {
    JournalHeader header{};
    if (journal.size() < sizeof header) return std::nullopt;
    std::memcpy(header.data(), journal.data(), sizeof header);
    const auto [executions, steps, failed_steps, failed_step, failed_point, size] = header;
    return JournalledInput{executions,   steps,
                           failed_steps, failed_step,
                           failed_point, std::string(journal.substr(sizeof header, size))};
}

Candidate program_under_way(const JournalledInput& input, const Profile* profile) {
    Candidate candidate;
    const auto* const bytes = reinterpret_cast<const std::uint8_t*>(input.bytes.data());
    read_input({bytes, input.bytes.size()}, profile, candidate.world, candidate.steps);
    if (input.failed_point != 0 && input.failed_step < candidate.steps.size()) {
        candidate.steps.resize(input.failed_step + 1);
        candidate.steps.back().failure = failure_at_point(input.failed_point);
    }
    return candidate;
}

void Session::count_cases() {
    const auto& counts = lockstep_.cases().counts();
    for (CaseId id = 0; id < case_count; ++id) {
        const std::uint64_t happened = counts[id] - cases_before_[id];
        case_counters_[id] = static_cast<std::uint8_t>(std::min<std::uint64_t>(happened, 255));
    }
    cases_before_ = counts;
}

void Session::keep(const Finding& finding) {
    steps_.resize(std::min(steps_.size(), finding.step + 1));
    const std::string name = bucket_name(finding.bucket);
    const auto text = [this] { return print_program(program_of(world_, steps_)); };
    if (options_.finds.empty()) {
        std::fprintf(stderr, "vmacheck: %s\n%s\n%s", name.c_str(), finding.what.c_str(),
                     text().c_str());
        std::abort();
    }
    Bucketed& bucket = buckets_[name];
    ++bucket.count;
    if (bucket.count > 1 && steps_.size() >= bucket.steps) return;
    bucket.steps = steps_.size();
    const std::string program = text();
    say(FindMessage{save_find(options_.finds, program), program});
    if (!options_.once) return;
    say_stats();
    // Not exit(), which libFuzzer takes for a crash here.
    std::_Exit(EXIT_SUCCESS);
}

void Session::say_stats() {
    if (options_.finds.empty()) return;
    say(StatsMessage{executions_, lockstep_.step_count(), lockstep_.failed_step_count(),
                     lockstep_.cases().counts()});
    for (const auto& [name, bucket] : buckets_) say(BucketMessage{bucket.count, name});
    next_stats_ = std::chrono::steady_clock::now() + stats_interval;
}

}  // namespace vmacheck
