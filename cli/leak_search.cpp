// Doubling, then halving, over the number of programs that one process runs; see the header.
#include "cli/leak_search.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/wire.h"

namespace vmacheck::cli {
namespace {

class BeatingJournal final : public Journal {
  public:
    explicit BeatingJournal(Heartbeat& heartbeat) : heartbeat_(heartbeat) {}
    void begin(const World& world, std::uint64_t) override {
        world_ = world;
        steps_.clear();
    }
    void step(const Step& step, const World&) override {
        steps_.push_back(step);
        heartbeat_.beats.fetch_add(1, std::memory_order_relaxed);
    }
    [[nodiscard]] Candidate candidate() const { return {world_, steps_}; }

  private:
    Heartbeat& heartbeat_;
    World world_;
    std::vector<Step> steps_;
};

// Runs the programs [first, end) in a process of their own; true if it ends well.
bool ends_well(const SoakJob& job, std::uint64_t first, std::uint64_t end) {
    Shared<Heartbeat> heartbeat;
    Child child(
        [&](int) {
            const std::unique_ptr<Target> target = make_target(job.target);
            BeatingJournal journal(*heartbeat);
            Soak soak(job.options, *target, &journal);
            for (std::uint64_t number = first; number < end; ++number) {
                static_cast<void>(soak.run(number));
            }
            return 0;
        },
        *heartbeat, {full_patience, -1});
    child.wait();
    return child.end().kind == ChildEnd::Kind::finished;
}

// The steps come from a run of the program, in a child again: a leak in this process would be
// reported at its own end.
std::optional<Candidate> program_of_number(const SoakJob& job, std::uint64_t number) {
    Shared<Heartbeat> heartbeat;
    Child child(
        [&](int pipe) {
            const std::unique_ptr<Target> target = make_target(job.target);
            BeatingJournal journal(*heartbeat);
            Soak soak(job.options, *target, &journal);
            static_cast<void>(soak.run(number));
            send(pipe, {{"text", to_wire(journal.candidate())}});
            return 0;
        },
        *heartbeat, {full_patience, -1});
    child.wait();
    const auto said = received(child.output());
    if (said.empty()) return std::nullopt;
    return candidate_from_wire(said.front()["text"].get<std::string>());
}

}  // namespace

std::optional<SoakFind> find_leak(const SoakJob& job, std::uint64_t last, Progress& progress) {
    const auto show = [&](std::uint64_t first, std::uint64_t end) {
        progress.show([&] {
            return fmt::format("a process leaked; looking for the program in {} to {}", first, end);
        });
    };
    // [first, end) holds the culprit, and nothing before it does.
    std::uint64_t first = 0;
    std::uint64_t end = 1;
    while (ends_well(job, first, end)) {
        if (end > last) return std::nullopt;
        show(first, last);
        first = end;
        end *= 2;
    }
    while (end - first > 1) {
        show(first, end);
        const std::uint64_t middle = first + (end - first) / 2;
        if (ends_well(job, first, middle))
            first = middle;
        else
            end = middle;
    }
    const std::optional<Candidate> candidate = program_of_number(job, first);
    if (!candidate) return std::nullopt;
    return SoakFind{first, *candidate,
                    outside_finding(Verdict::crash, *candidate, candidate->steps.size() + 1, {})};
}

}  // namespace vmacheck::cli
