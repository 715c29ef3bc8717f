// Workers and what their ends mean; see the header.
#include "cli/workers.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

#include "cli/files.h"
#include "cli/leak_search.h"
#include "cli/wire.h"
#include "targets/journal.h"

namespace vmacheck::cli {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint64_t no_program = std::numeric_limits<std::uint64_t>::max();
// Counters cross to the parent once in so many programs.
constexpr std::uint64_t publish_interval = 64;

struct WorkerState {
    Heartbeat heartbeat;
    std::atomic<std::uint64_t> program{0};  // The one under way.
    std::atomic<std::uint64_t> steps_begun{0};
    std::atomic<bool> done{false};  // All programs were run; only the exit is left.
    std::atomic<std::uint64_t> programs{0};
    std::atomic<std::uint64_t> refused{0};
    std::atomic<std::uint64_t> steps{0};
    std::atomic<std::uint64_t> failed_steps{0};
    std::array<std::atomic<std::uint64_t>, case_count> cases{};
};

// The lowest program that failed anywhere.
struct Board {
    std::atomic<std::uint64_t> lowest{no_program};

    void report(std::uint64_t program) {
        std::uint64_t known = lowest.load();
        while (program < known && !lowest.compare_exchange_weak(known, program)) {
        }
    }
};

class WorkerJournal final : public Journal {
  public:
    WorkerJournal(JournalFile& file, WorkerState& state) : file_(file), state_(state) {}
    void begin(const World& world, std::uint64_t program) override {
        state_.program.store(program, std::memory_order_relaxed);
        state_.steps_begun.store(0, std::memory_order_relaxed);
        file_.begin(world, program);
    }
    void step(const Step& step, const World& world) override {
        file_.step(step, world);
        beat(state_.steps_begun);
        beat(state_.heartbeat.beats);
    }

  private:
    // There is one writer, so this needs no atomic addition.
    static void beat(std::atomic<std::uint64_t>& count) {
        count.store(count.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    }

    JournalFile& file_;
    WorkerState& state_;
};

struct Counted {
    std::uint64_t programs = 0;
    std::uint64_t refused = 0;
};

void publish(const Lockstep& lockstep, const Counted& counted, WorkerState& state) {
    constexpr auto relaxed = std::memory_order_relaxed;
    state.programs.store(counted.programs, relaxed);
    state.refused.store(counted.refused, relaxed);
    state.steps.store(lockstep.step_count(), relaxed);
    state.failed_steps.store(lockstep.failed_step_count(), relaxed);
    for (CaseId id = 0; id < case_count; ++id) {
        state.cases[id].store(lockstep.cases().counts()[id], relaxed);
    }
}

// The body of a worker process. Answers 1 if something was found.
int work(const SoakJob& job, std::uint64_t first, JournalFile& file, WorkerState& state,
         Board& board, int pipe) {
    const std::unique_ptr<Target> target = make_target(job.target);
    WorkerJournal journal(file, state);
    Soak soak(job.options, *target, &journal);
    Counted counted;
    std::string refusal;
    std::optional<SoakFind> find;
    for (std::uint64_t number = first; !find; number += job.workers) {
        const bool over = job.programs ? number >= *job.programs : Clock::now() >= job.deadline;
        if (over || number > board.lowest.load(std::memory_order_relaxed)) break;
        find = soak.run(number);
        ++counted.programs;
        if (!soak.refusal().empty()) {
            ++counted.refused;
            refusal = soak.refusal();
        }
        if (counted.programs % publish_interval == 0) publish(soak.lockstep(), counted, state);
    }
    publish(soak.lockstep(), counted, state);
    if (counted.refused > 0) send(pipe, {{"refusal", refusal}});
    if (find) {
        board.report(find->program);
        send(pipe, {{"finding", to_wire(find->finding)}});
    }
    state.done.store(true);
    return find ? 1 : 0;
}

// A free name, so that the journal of a run that was killed is never overwritten.
std::string reserve_journal(const std::string& directory, unsigned worker) {
    for (unsigned version = 0; version < 1000; ++version) {
        std::string path = fmt::format("{}/journal.{}", directory, worker);
        if (version > 0) path += fmt::format(".{}", version);
        const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (file >= 0) {
            close(file);
            return path;
        }
        if (errno != EEXIST) return "";
    }
    return "";
}

class Worker {
  public:
    Worker(const SoakJob& job, Board& board, unsigned index)
        : job_(job), board_(board), next_(index) {
        path_ = reserve_journal(job.directory, index);
        const std::string origin = fmt::format(
            "of seed {}, profile {}, alphabet {}, target {}, vmacheck {}", job.options.seed,
            job.options.profile->name, job.options.alphabet->name, job.target.name, version);
        good_ = !path_.empty() && journal_.open(path_, origin);
        if (!good_) complain(fmt::format("cannot write a journal in {}", job.directory));
    }

    [[nodiscard]] bool good() const { return good_; }
    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] const std::optional<SoakFind>& find() const { return find_; }
    [[nodiscard]] const std::string& refusal() const { return refusal_; }
    [[nodiscard]] bool leaked() const { return leaked_; }
    [[nodiscard]] bool lost() const { return lost_; }
    [[nodiscard]] std::uint64_t last_program() const { return state().program.load(); }

    void start() {
        child_ = std::make_unique<Child>(
            [this](int pipe) { return work(job_, next_, journal_, state(), board_, pipe); },
            state().heartbeat, ChildOptions{full_patience, -1});
    }

    // True when it is over. A worker that was only slow is started again behind its program.
    bool poll() {
        if (child_ == nullptr) return true;
        if (!child_->poll()) return false;
        const ChildEnd end = child_->end();
        const bool done = state().done.load();
        auto said = received(child_->output());
        child_.reset();
        if (!said.empty() && said.front().contains("refusal")) {
            refusal_ = said.front()["refusal"].get<std::string>();
            said.erase(said.begin());
        }
        if (end.kind == ChildEnd::Kind::finished || (done && !said.empty())) {
            if (!said.empty())
                keep(finding_from_wire(said.back()["finding"]));
            else if (end.exit_code != 0)
                lose("a worker found something, but could not say what");
            return true;
        }
        if (done) {
            leaked_ = true;
            return true;
        }
        return !end_from_outside(end);
    }

    void discard_journal() const { unlink(path_.c_str()); }

    [[nodiscard]] SoakTotals totals() const {
        SoakTotals totals = before_;
        totals.programs += state().programs.load();
        totals.refused += state().refused.load();
        totals.steps += state().steps.load();
        totals.failed_steps += state().failed_steps.load();
        for (CaseId id = 0; id < case_count; ++id) totals.cases[id] += state().cases[id].load();
        return totals;
    }

  private:
    [[nodiscard]] WorkerState& state() const { return **shared_; }

    void keep(const Finding& finding) {
        const std::optional<Candidate> candidate = journalled();
        if (candidate) find_ = SoakFind{last_program(), *candidate, finding};
    }

    [[nodiscard]] std::optional<Candidate> journalled() {
        std::optional<Candidate> candidate = candidate_from_wire(journal_.text());
        if (!candidate) lose("the journal of a worker is no program");
        return candidate;
    }

    void lose(std::string_view why) {
        lost_ = true;
        complain(fmt::format("{}; what there is is in {}", why, path_));
    }

    // A crash, or a hang that may be none. True if the worker goes on.
    bool end_from_outside(const ChildEnd& end) {
        const std::optional<Candidate> candidate = journalled();
        if (!candidate) return false;
        const bool hung = end.kind == ChildEnd::Kind::hung;
        IsolateOptions isolation;
        isolation.answers = false;
        isolation.patience *= confirmation_factor;
        isolation.confirm_hang = false;
        const bool confirmed = !hung || run_isolated(program_of(candidate->world, candidate->steps),
                                                     job_.target, isolation)
                                            .finding;
        if (confirmed) {
            board_.report(last_program());
            find_ = SoakFind{last_program(), *candidate,
                             outside_finding(hung ? Verdict::hang : Verdict::crash, *candidate,
                                             state().steps_begun.load(), end)};
            return false;
        }
        complain(fmt::format("program {} was slow, but did not hang; going on", last_program()));
        before_ = totals();
        next_ = last_program() + job_.workers;
        shared_ = std::make_unique<Shared<WorkerState>>();
        start();
        return true;
    }

    const SoakJob& job_;
    Board& board_;
    std::uint64_t next_;
    std::string path_;
    JournalFile journal_;
    bool good_ = false;
    std::unique_ptr<Shared<WorkerState>> shared_ = std::make_unique<Shared<WorkerState>>();
    SoakTotals before_;
    std::unique_ptr<Child> child_;
    std::optional<SoakFind> find_;
    std::string refusal_;
    bool leaked_ = false;
    bool lost_ = false;  // Something was found, but the journal cannot be read.
};

std::string progress_text(const SoakJob& job, const SoakTotals& totals, Clock::time_point begin) {
    const std::chrono::duration<double> spent = Clock::now() - begin;
    std::string text = fmt::format("soak {}: {:.0f} s", job.options.profile->name, spent.count());
    if (!job.programs) {
        const std::chrono::duration<double> all = job.deadline - begin;
        text += fmt::format(" of {:.0f} s", all.count());
    }
    const double rate = static_cast<double>(totals.steps) / spent.count();
    return text + fmt::format(", {} programs, {:.1f} million steps, {:.2f} million a second",
                              totals.programs, static_cast<double>(totals.steps) / 1e6, rate / 1e6);
}

using Workers = std::vector<std::unique_ptr<Worker>>;

SoakTotals totals_of(const Workers& workers) {
    SoakTotals totals;
    for (const auto& worker : workers) totals.add(worker->totals());
    return totals;
}

void watch(const SoakJob& job, const Workers& workers, Progress& progress) {
    const Clock::time_point begin = Clock::now();
    for (bool over = false; !over; Progress::pause()) {
        over = true;
        for (const auto& worker : workers) over = worker->poll() && over;
        progress.show([&] { return progress_text(job, totals_of(workers), begin); });
    }
    progress.clear();
}

// The worker with the find of the lowest program; null if there is none.
Worker* winner_of(const Workers& workers) {
    Worker* winner = nullptr;
    for (const auto& worker : workers) {
        if (!worker->find()) continue;
        if (winner == nullptr || worker->find()->program < winner->find()->program)
            winner = worker.get();
    }
    return winner;
}

}  // namespace

void SoakTotals::add(const SoakTotals& other) {
    programs += other.programs;
    refused += other.refused;
    steps += other.steps;
    failed_steps += other.failed_steps;
    for (CaseId id = 0; id < case_count; ++id) cases[id] += other.cases[id];
}

SoakOutcome soak(const SoakJob& job, Progress& progress) {
    SoakOutcome outcome;
    Shared<Board> board;
    Workers workers;
    for (unsigned index = 0; index < job.workers; ++index) {
        workers.push_back(std::make_unique<Worker>(job, *board, index));
        outcome.failed = outcome.failed || !workers.back()->good();
    }
    if (!outcome.failed) {
        for (const auto& worker : workers) worker->start();
        watch(job, workers, progress);
    }
    outcome.totals = totals_of(workers);
    const Worker* const winner = winner_of(workers);
    bool leaked = false;
    std::uint64_t last = 0;
    for (const auto& worker : workers) {
        leaked = leaked || worker->leaked();
        if (!worker->refusal().empty()) outcome.refusal = worker->refusal();
        last = std::max(last, worker->last_program());
        outcome.failed = outcome.failed || worker->lost();
        if (worker.get() != winner && !worker->lost()) worker->discard_journal();
    }
    if (winner != nullptr) {
        outcome.find = winner->find();
        outcome.journal = winner->path();
    } else if (leaked) {
        outcome.find = find_leak(job, last, progress);
        if (!outcome.find) {
            complain("a worker did not end well, but no program of its does so alone");
            outcome.failed = true;
        }
    }
    return outcome;
}

}  // namespace vmacheck::cli
