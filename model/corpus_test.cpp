// Tests of corpus/cases: programs written by hand, each named for the case that it shows.
//
// The comment above the world of such a program names cases, `# case: mprotect/merge/right`. Its
// claims were derived from the rules of Linux and not taken from a run: they say what the reference
// should do, and impl must do the same.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "impl/impl_target.h"
#include "model/check.h"
#include "model/claims.h"
#include "model/text.h"

namespace vmacheck {

namespace {

const std::string case_mark = " case: ";

// The names behind `# case:` above the world.
std::vector<std::string> cases_named_by(const Program& program) {
    std::vector<std::string> names;
    for (const std::string& comment : program.world_comments.above) {
        if (comment.compare(0, case_mark.size(), case_mark) == 0) {
            names.push_back(comment.substr(case_mark.size()));
        }
    }
    return names;
}

// Runs a program on the reference and on impl, and notes all that is not as its text says.
class Playback {
  public:
    explicit Playback(const Program& program)
        : program_(program), target_({.verify = true}), lockstep_(target_) {
        lockstep_.begin(program.world, Cells(program.world, program.steps()));
        for (const Line& line : program.lines) {
            if (const auto* const step = std::get_if<StepLine>(&line.content)) {
                run(*step);
            } else {
                check(std::get<AreasLine>(line.content));
            }
        }
        note_cases();
        if (const auto finding = lockstep_.finish()) note(finding->what);
        for (const std::string& name : cases_named_by(program)) {
            if (seen_.count(name) == 0) note("never meets " + name);
        }
    }

    [[nodiscard]] const std::vector<std::string>& complaints() const { return complaints_; }

  private:
    void note(const std::string& complaint) { complaints_.push_back(complaint); }

    void run(const StepLine& line) {
        std::string text;
        print_step(text, line.step, program_.world);
        const auto finding = lockstep_.step(line.step);
        if (finding) note(text + ": " + finding->what);
        note_seams();
        const Result result = lockstep_.declined() ? lockstep_.found() : lockstep_.expected();
        if (!line.claim || *line.claim == result) return;
        std::string answer;
        print_result(answer, result);
        note(text + " answers " + answer);
    }

    void check(const AreasLine& line) {
        const World& world = program_.world;
        const std::vector<AreaView> found = areas_of(lockstep_.reference(), line.space);
        if (claim_holds(line, found, world)) return;
        note("claimed and found:\n" + print_areas(line, world) + "\n" +
             print_areas(claim_about(found, line.space, world), world));
    }

    // A reason counts as met if a seam that it keeps is there after some step.
    void note_seams() {
        for (std::uint8_t number = 0; number < space_count_max; ++number) {
            const SpaceId space{number};
            const Reference& reference = lockstep_.reference();
            if (!reference.has_space(space)) continue;
            const std::vector<Cell>& cells = reference.cells(space);
            for (std::size_t cell = 1; cell < cells.size(); ++cell) {
                const bool special = cells[cell].seam == Seam::special_areas;
                const bool seam = cells[cell - 1].mapped && cells[cell].mapped &&
                                  cells[cell].boundary &&
                                  (special || reference.equal_apart_from_fault(space, cell));
                if (seam) seen_.insert(case_name(case_id(cells[cell].seam)));
            }
        }
    }

    void note_cases() {
        for (CaseId id = 0; id < op_count * case_kind_count; ++id) {
            if (lockstep_.cases().counts()[id] > 0) seen_.insert(case_name(id));
        }
    }

    const Program& program_;
    ImplTarget target_;
    Lockstep lockstep_;
    std::set<std::string> seen_;
    std::vector<std::string> complaints_;
};

// All that is wrong with the text of a program; nothing if it is as it should be.
std::vector<std::string> complaints_about(const std::string& text) {
    const std::variant<Program, ParseError> parsed = parse_program(text);
    if (const auto* const error = std::get_if<ParseError>(&parsed)) {
        return {std::to_string(error->line) + ": " + error->message};
    }
    const auto& program = std::get<Program>(parsed);
    std::vector<std::string> complaints;
    if (print_program(program) != text) complaints.emplace_back("is not in printed form");
    if (cases_named_by(program).empty()) complaints.emplace_back("names no case");
    const Playback playback(program);
    complaints.insert(complaints.end(), playback.complaints().begin(), playback.complaints().end());
    return complaints;
}

// The texts of corpus/cases and its folders by file name.
std::map<std::string, std::string> hand_written_programs() {
    std::map<std::string, std::string> texts;
    for (const auto& entry :
         std::filesystem::recursive_directory_iterator(VMACHECK_SOURCE_DIR "/corpus/cases")) {
        if (entry.path().extension() != ".vma") continue;
        std::ifstream file(entry.path(), std::ios::binary);
        EXPECT_TRUE(file.is_open()) << entry.path();
        texts[entry.path().filename().string()] = {std::istreambuf_iterator<char>(file), {}};
    }
    return texts;
}

TEST(corpus, holds_what_it_claims) {
    const std::map<std::string, std::string> programs = hand_written_programs();
    EXPECT_GE(programs.size(), 45U);
    for (const auto& [name, text] : programs) {
        for (const std::string& complaint : complaints_about(text)) {
            ADD_FAILURE() << name << ": " << complaint;
        }
    }
}

// The profile `linux-6.18` with the operations that the corpus was written for. Every program shows
// an `ok`, so nobody names it; all other cases are named, without an exception.
TEST(corpus, names_every_case_that_linux_can_show) {
    std::set<std::string> named;
    for (const auto& [name, text] : hand_written_programs()) {
        const std::variant<Program, ParseError> parsed = parse_program(text);
        const auto* const program = std::get_if<Program>(&parsed);
        if (program == nullptr || program->world.profile != &linux_6_18_profile) continue;
        for (const std::string& wanted : cases_named_by(*program)) named.insert(wanted);
    }
    const std::set<std::string> ops = {"mmap", "munmap", "mprotect", "madvise", "touch", "fork"};
    for (CaseId id = 0; id < case_count; ++id) {
        if (!case_possible(id, linux_6_18_profile)) continue;
        const std::string name = case_name(id);
        const std::size_t op = id / case_kind_count;
        const bool is_seam = op >= op_count;
        if (!is_seam && ops.count(std::string(op_name(op))) == 0) continue;
        if (!is_seam && id == case_id(op, errno_case(Errno::ok))) continue;
        EXPECT_EQ(named.count(name), 1U) << name << " is named by no program of corpus/cases";
    }
}

// ---- The tests above can fail. ----

const std::string sound =
    "vma 1\n"
    "# case: mmap/merge/left\n"
    "world pages=8 profile=linux-6.18\n"
    "file f driver=mmap_prepare pages=8\n"
    "mmap 0+2 rw- file=f@1 shared                 = ok\n"
    "mmap 2+2 rw- file=f@3 shared                 = ok\n"
    "areas 0+4 rw- file=f@1\n"
    "mmap 6+1 rw- anon shared                     = ok\n"
    "areas 0+4 rw- file=f@1 | 6+1 rw- anon\n"
    "areas 2\n"
    "areas @1 0\n";

// `sound` with its first `from` made into `to` has exactly one flaw; the complaint contains `part`.
void expect_complaint(const std::string& from, const std::string& to, const std::string& part) {
    std::string text = sound;
    const std::size_t at = text.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    text.replace(at, from.size(), to);
    const std::vector<std::string> complaints = complaints_about(text);
    ASSERT_EQ(complaints.size(), 1U) << text;
    EXPECT_NE(complaints[0].find(part), std::string::npos) << complaints[0];
}

TEST(corpus, has_no_complaint_about_a_sound_program) {
    EXPECT_EQ(complaints_about(sound), std::vector<std::string>{});
}

TEST(corpus, sees_a_claim_of_a_wrong_result) {
    expect_complaint("= ok\n", "= ENOMEM\n", "mmap 0+2 rw- file=f@1 shared answers ok");
    expect_complaint("= ok\n", "= ok unused\n", "mmap 0+2 rw- file=f@1 shared answers ok");
}

TEST(corpus, sees_a_claim_of_wrong_areas) {
    const std::string complaint = "claimed and found";
    const std::string claim = "areas 0+4 rw- file=f@1\n";
    expect_complaint(claim, "areas 0+3 rw- file=f@1\n", complaint);
    expect_complaint(claim, "areas 1+3 rw- file=f@1\n", complaint);
    expect_complaint(claim, "areas 0+4 rwx file=f@1\n", complaint);
    expect_complaint(claim, "areas 0+4 rw- file=f@0\n", complaint);
    expect_complaint(claim, "areas 0+4 rw- anon\n", complaint);
    expect_complaint(claim, "areas 0+2 rw- file=f@1 | 2+2 rw- file=f@3\n", complaint);
    expect_complaint("areas 0+4 rw- file=f@1 |", "areas", complaint);
    expect_complaint("6+1 rw- anon\n", "6+1 rw- file=f@6\n", complaint);
    expect_complaint("areas 2\n", "areas 3\n", complaint);
    expect_complaint("areas @1 0\n", "areas @1 2\n", complaint);
}

TEST(corpus, sees_a_case_that_the_program_does_not_meet) {
    expect_complaint("mmap/merge/left", "mmap/merge/right", "never meets mmap/merge/right");
    expect_complaint("mmap/merge/left", "mmap/merge/lefty", "never meets mmap/merge/lefty");
    expect_complaint("mmap/merge/left", "seam/D11", "never meets seam/D11");
    expect_complaint("# case: mmap/merge/left", "# mmap/merge/left", "names no case");
}

TEST(corpus, sees_a_text_that_is_not_in_printed_form) {
    expect_complaint("shared                 =", "shared =", "is not in printed form");
    expect_complaint("driver=mmap_prepare", "driver=plain", "is not in printed form");
    expect_complaint("areas 2\n", "areas two\n", "10: ");
}

}  // namespace

}  // namespace vmacheck
