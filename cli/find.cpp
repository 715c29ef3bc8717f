// The way of a find; see the header.
#include "cli/find.h"

#include <fmt/format.h>

#include "cli/files.h"
#include "cli/say.h"
#include "model/text.h"
#include "report/text_report.h"

namespace vmacheck::cli {
namespace {

FindReport report_of(const FindJob& job, const Candidate& candidate, const Finding& finding,
                     const std::string& file) {
    return {bucket_name(finding.bucket),
            std::string(name_of(finding.bucket.verdict)),
            file,
            candidate.steps.size(),
            candidate.world.pages.value,
            replay_command(job.environment, file)};
}

// The program as it was found, with where it comes from.
Program original(const FindJob& job, const Candidate& candidate) {
    Program program = program_of(candidate.world, candidate.steps);
    program.world_comments.above = {" Found by " +
                                    environment_text(job.environment, *candidate.world.profile)};
    return program;
}

// A program that cannot be saved goes to the screen: it must not be lost.
bool save(const std::string& path, const std::string& text) {
    if (write_output(path, text)) return true;
    say(stderr, "{}", text);
    return false;
}

}  // namespace

std::optional<Story> tell(const FindJob& job, const Candidate& candidate, Progress& progress) {
    // A hang was confirmed with more patience before it came here.
    IsolateOptions isolation;
    isolation.confirm_hang = false;
    const RunRecord again =
        run_isolated(program_of(candidate.world, candidate.steps), job.target, isolation);
    if (!again.finding) return std::nullopt;
    const Minimized small =
        shrink(candidate, *again.finding, job.target, {false, job.stop}, progress);
    progress.clear();
    const RunRecord last = run_isolated(program_of(small.candidate.world, small.candidate.steps),
                                        job.target, isolation);
    const RunRecord& record = last.finding ? last : again;
    const Candidate& told = last.finding ? small.candidate : candidate;
    return Story{told, counterexample_of(told, record), record.stderr_text};
}

FindReport handle_find(const FindJob& job, const Candidate& candidate, const Finding& finding,
                       Progress& progress) {
    const std::string text = print_program(original(job, candidate));
    const std::string bucket = file_name_of(bucket_name(finding.bucket));
    const std::string stem =
        fmt::format("{}/{}-{}", job.directory, bucket,
                    hash_of(print_program(program_of(candidate.world, candidate.steps))));
    const std::string original_path = stem + ".orig.vma";
    const bool saved = save(original_path, text);

    const std::optional<Story> story = tell(job, candidate, progress);
    if (!story) {
        say(job.text,
            "{}: {}\nRun by itself this program does not fail: the target depends on more "
            "than its program.\nreplay: {}\n{}\n",
            bucket_name(finding.bucket), finding.what,
            replay_command(job.environment, original_path), original_path);
        return report_of(job, candidate, finding, original_path);
    }
    std::string path = stem + ".vma";
    if (!save(path, print_program(annotated(story->example, job.environment))) && saved) {
        path = original_path;
    }
    if (!story->stderr_text.empty()) {
        static_cast<void>(write_output(fmt::format("{}/{}.stderr.txt", job.directory, bucket),
                                       story->stderr_text));
    }
    say(job.text, "{}{}\n", text_report(story->example, job.environment, path), path);
    return report_of(job, story->candidate, story->example.finding, path);
}

}  // namespace vmacheck::cli
