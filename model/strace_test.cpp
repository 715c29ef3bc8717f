// Tests of the import of strace output: what single calls become, what is inferred and left out,
// bad texts with their errors, and the recorded traces of corpus/traces. Each program that is
// imported here is run by the reference, and every claim must hold.
#include "model/strace.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

#include "model/cells.h"
#include "model/reference.h"

namespace vmacheck {

namespace {

void expect_claims_hold(const Program& program) {
    const std::vector<Step> steps = program.steps();
    Cases cases;
    Reference reference(cases);
    reference.create(program.world, Cells(program.world, steps));
    StepLog log;
    for (const Line& line : program.lines) {
        const auto* const step = std::get_if<StepLine>(&line.content);
        ASSERT_TRUE(step != nullptr && step->claim);
        std::string text;
        print_step(text, step->step, program.world);
        EXPECT_EQ(name_of(reference.apply(step->step, log)), name_of(step->claim->error)) << text;
    }
}

StraceImport imported(std::string_view trace) {
    std::variant<StraceImport, ParseError> result = import_strace(trace);
    if (const auto* const error = std::get_if<ParseError>(&result)) {
        ADD_FAILURE() << error->line << ':' << error->column << ": " << error->message;
        return {};
    }
    StraceImport found = std::move(std::get<StraceImport>(result));
    expect_claims_hold(found.program);
    const auto again = parse_program(print_program(found.program));
    const auto* const parsed = std::get_if<Program>(&again);
    EXPECT_TRUE(parsed != nullptr && *parsed == found.program) << print_program(found.program);
    return found;
}

// The steps of the import, one a line, each with its claim.
std::string steps_of(std::string_view trace) {
    const StraceImport found = imported(trace);
    std::string text;
    for (const Line& line : found.program.lines) {
        const auto& step = std::get<StepLine>(line.content);
        print_step(text, step.step, found.program.world);
        text += " = ";
        print_result(text, step.claim.value_or(Result{}));
        text += '\n';
    }
    return text;
}

// The head of the program says that.
void expect_head(std::string_view trace, std::string_view part) {
    std::string head;
    const Program program = imported(trace).program;
    for (const std::string& line : program.world_comments.above) head += line + '\n';
    EXPECT_NE(head.find(part), std::string::npos) << head;
}

std::string error_of(std::string_view trace) {
    const std::variant<StraceImport, ParseError> result = import_strace(trace);
    const auto* const error = std::get_if<ParseError>(&result);
    if (error == nullptr) return "no error";
    return std::to_string(error->line) + ':' + std::to_string(error->column) + ' ' + error->message;
}

std::string file_text(const std::string& name) {
    std::ifstream file(std::string(VMACHECK_SOURCE_DIR "/corpus/traces/") + name, std::ios::binary);
    EXPECT_TRUE(file.good()) << name;
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

constexpr std::string_view map_two_pages =
    "mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x10000\n";

std::string with_two_pages(std::string_view rest) {
    return std::string(map_two_pages) + std::string(rest);
}

constexpr std::string_view two_pages = "mmap 16+2 rw- anon private = ok\n";

std::string and_two_pages(std::string_view rest) {
    return std::string(two_pages) + std::string(rest);
}

}  // namespace

TEST(strace, imports_the_four_calls_that_are_operations) {
    EXPECT_EQ(steps_of(with_two_pages("mprotect(0x10000, 100, PROT_NONE) = 0\n"
                                      "madvise(0x10000, 4097, MADV_DONTFORK) = 0\n"
                                      "munmap(0x11000, 4096) = 0\n")),
              and_two_pages("mprotect 16+1 --- = ok\n"
                            "madvise 16+2 dontfork = ok\n"
                            "munmap 17+1 = ok\n"));
}

TEST(strace, imports_the_flags_of_mmap) {
    EXPECT_EQ(steps_of("mmap(0x10000, 4096, PROT_NONE, "
                       "MAP_PRIVATE|MAP_FIXED|MAP_ANONYMOUS|MAP_NORESERVE, -1, 0) = 0x10000\n"
                       "mmap(0x20000, 4096, PROT_READ|PROT_WRITE, "
                       "MAP_SHARED|MAP_ANONYMOUS|MAP_FIXED_NOREPLACE, -1, 0) = 0x20000\n"
                       "mmap(NULL, 4096, PROT_READ|PROT_WRITE, "
                       "MAP_PRIVATE|MAP_ANONYMOUS|MAP_POPULATE, -1, 0) = 0x30000\n"),
              "mmap 16+1 --- anon private fixed noreserve = ok\n"
              "mmap 32+1 rw- anon shared noreplace = ok\n"
              "mmap 48+1 rw- anon private = ok\n"
              "touch 48+1 = ok\n");
}

TEST(strace, gives_each_open_file_description_a_file) {
    const std::string_view trace =
        "openat(AT_FDCWD</x>, \"l.so\", O_RDONLY|O_CLOEXEC) = 3</x/l.so>\n"
        "mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, 3</x/l.so>, 0x5000) = 0x10000\n"
        "dup2(3</x/l.so>, 9) = 9</x/l.so>\n"
        "close(3</x/l.so>) = 0\n"
        "mmap(NULL, 4096, PROT_READ, MAP_SHARED, 9</x/l.so>, 0) = 0x20000\n"
        "openat(AT_FDCWD</x>, \"l.so\", O_RDWR) = 3</x/l.so>\n"
        "mmap(NULL, 4096, PROT_READ, MAP_SHARED, 3</x/l.so>, 0) = 0x30000\n"
        "memfd_create(\"a, b\", 0) = 4</memfd:a, b>(deleted)\n"
        "mmap(NULL, 4096, PROT_READ, MAP_SHARED, 4</memfd:a, b>(deleted), 0) = 0x40000\n";
    EXPECT_EQ(steps_of(trace),
              "mmap 16+1 r-- file=l.so@5 private = ok\n"
              "mmap 32+1 r-- file=l.so@0 shared = ok\n"
              "mmap 48+1 r-- file=l.so.2@0 shared = ok\n"
              "mmap 64+1 r-- file=memfd_a__b@0 shared = ok\n");
    const std::vector<File> files = imported(trace).program.world.files;
    ASSERT_EQ(files.size(), 3U);
    EXPECT_TRUE(files[0].read_only);
    EXPECT_FALSE(files[1].read_only);
    EXPECT_TRUE(files[0].driver == (Driver{false, true, false}));
    EXPECT_TRUE(files[2].driver == (Driver{true, false, false}));
}

TEST(strace, turns_brk_into_mmap_and_munmap) {
    EXPECT_EQ(steps_of("brk(NULL) = 0x10000\n"
                       "brk(0x14000) = 0x14000\n"
                       "brk(0x12800) = 0x12800\n"
                       "brk(0x99000) = 0x12800\n"),
              "mmap 16+4 rw- anon private fixed = ok\n"
              "munmap 19+1 = ok\n");
}

TEST(strace, turns_mremap_into_what_it_did) {
    EXPECT_EQ(steps_of(with_two_pages("mremap(0x10000, 8192, 12288, MREMAP_MAYMOVE) = 0x10000\n"
                                      "mremap(0x10000, 12288, 4096, 0) = 0x10000\n"
                                      "mremap(0x10000, 4096, 8192, MREMAP_MAYMOVE) = 0x20000\n")),
              and_two_pages("mmap 18+1 rw- anon private = ok\n"
                            "munmap 17+2 = ok\n"
                            "munmap 16+1 = ok\n"
                            "mmap 32+2 rw- anon private = ok\n"));
}

TEST(strace, infers_areas_that_were_there_from_the_start) {
    const StraceImport found = imported(
        "mprotect(0x20000, 8192, PROT_READ) = 0\n"
        "madvise(0x10000, 4096, MADV_DONTNEED) = 0\n"
        "munmap(0x22000, 4096) = 0\n");
    const std::vector<InitialArea>& areas = found.program.world.areas;
    ASSERT_EQ(areas.size(), 2U);
    EXPECT_TRUE(areas[0].range == (PageRange{{16}, {1}}));
    EXPECT_TRUE(areas[0].attributes.file.none());
    EXPECT_TRUE(areas[1].range == (PageRange{{32}, {3}}));
    EXPECT_EQ(found.program.world.files[0].name, "exec");
    EXPECT_EQ(found.program.lines.size(), 3U);
}

TEST(strace, repairs_what_unseen_calls_did) {
    EXPECT_EQ(steps_of(with_two_pages(map_two_pages)),
              and_two_pages("mmap 16+2 rw- anon private fixed = ok\n"));
    EXPECT_EQ(steps_of(with_two_pages("munmap(0x10000, 4096) = 0\n"
                                      "mprotect(0x10000, 8192, PROT_READ) = 0\n")),
              and_two_pages("munmap 16+1 = ok\n"
                            "mmap 16+1 rw- anon private = ok\n"
                            "mprotect 16+2 r-- = ok\n"));
}

TEST(strace, keeps_failures_with_a_reason_in_the_arguments) {
    EXPECT_EQ(steps_of("munmap(0x10000, 0) = -1 EINVAL (Invalid argument)\n"
                       "mprotect(0x10000, 4096, PROT_READ) = -1 ENOMEM (Cannot allocate memory)\n"
                       "openat(AT_FDCWD, \"/a\", O_RDONLY) = 3\n"
                       "mmap(NULL, 4096, PROT_READ, MAP_SHARED, 3, 0) = 0x20000\n"
                       "mprotect(0x20000, 4096, PROT_WRITE) = -1 EACCES (Permission denied)\n"
                       "mmap(NULL, 4096, PROT_WRITE, MAP_SHARED, 3, 0) = -1 EACCES (x)\n"),
              "munmap 16+0 = EINVAL\n"
              "mprotect 16+1 r-- = ENOMEM\n"
              "mmap 32+1 r-- file=a@0 shared = ok\n"
              "mprotect 32+1 -w- = EACCES\n"
              "mmap 0+1 -w- file=a@0 shared = EACCES\n");
}

TEST(strace, leaves_out_and_counts_the_other_failures) {
    const std::string trace = with_two_pages(
        "munmap(0x10000, 4096) = -1 ENOMEM (Cannot allocate memory)\n"
        "munmap(0x10001, 4096) = -1 EINVAL (Invalid argument)\n"
        "mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, 3, 0) = -1 ENFILE (Too many open files in "
        "system)\n"
        "mlock(0x10000, 4096) = 0\n");
    const StraceImport found = imported(trace);
    EXPECT_EQ(found.calls_used, 1U);
    EXPECT_EQ(found.calls_left_out, 4U);
    expect_head(trace,
                "1 x mlock; 1 x mmap that failed with another errno; "
                "1 x munmap that failed with EINVAL; 1 x munmap that failed with ENOMEM.");
}

TEST(strace, leaves_out_mappings_that_have_no_operation) {
    const std::string trace = with_two_pages(
        "mmap(0x11000, 8192, PROT_READ, MAP_PRIVATE|MAP_FIXED|MAP_ANONYMOUS|MAP_HUGETLB|"
        "21<<MAP_HUGE_SHIFT, -1, 0) = 0x11000\n"
        "mprotect(0x11000, 4096, PROT_READ) = 0\n"
        "munmap(0x11000, 8192) = 0\n");
    EXPECT_EQ(steps_of(trace), and_two_pages("munmap 17+2 = ok\nmunmap 17+2 = ok\n"));
    expect_head(trace, "1 x mmap with MAP_HUGETLB; 1 x mprotect of pages that are left out.");
}

TEST(strace, keeps_what_is_behind_the_last_execve) {
    const std::string trace = with_two_pages(
        "execve(\"/x\", [\"x\", \"-y\"], 0x7ffc /* 3 vars */) = -1 ENOENT (No such file)\n"
        "execve(\"/bin/x\", [\"x\", \"-y\"], 0x7ffc /* 3 vars */) = 0\n"
        "munmap(0x10000, 4096) = 0\n");
    EXPECT_EQ(steps_of(trace), "munmap 16+1 = ok\n");
    EXPECT_EQ(imported(trace).calls_left_out, 1U);
    expect_head(trace, "of \"/bin/x\", [\"x\", \"-y\"]\n");
}

TEST(strace, leaves_out_other_processes_and_joins_what_was_interrupted) {
    const std::string_view trace =
        "7  clone(child_stack=NULL, flags=CLONE_CHILD_SETTID|SIGCHLD <unfinished ...>\n"
        "8  munmap(0x10000, 4096)             = 0\n"
        "7  <... clone resumed>, child_tidptr=0x7f)   = 8\n"
        "7  mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0 <unfinished ...>\n"
        "8  +++ exited with 0 +++\n"
        "7  <... mmap resumed>)                = 0x10000\n"
        "7  --- SIGCHLD {si_signo=SIGCHLD, si_status=0} ---\n"
        "7  munmap(0x10000, 4096 <unfinished ...>\n"
        "7  +++ killed by SIGKILL +++\n";
    EXPECT_EQ(steps_of(trace), "mmap 16+1 r-- anon private = ok\n");
    EXPECT_EQ(imported(trace).calls_left_out, 2U);
    EXPECT_EQ(steps_of("vfork(strace: Process 8 attached\n"
                       " <unfinished ...>\n"
                       "[pid     8] munmap(0x10000, 4096) = 0\n"
                       "[pid     7] <... vfork resumed>) = 8\n"
                       "[pid     7] munmap(0x20000, 4096) = 0\n"
                       "[pid     8] +++ exited with 0 +++\n"
                       "munmap(0x30000, 4096) = 0\n"),
              "munmap 32+1 = ok\nmunmap 48+1 = ok\n");
}

TEST(strace, leaves_out_addresses_that_the_world_does_not_have) {
    const std::string trace = with_two_pages(
        "mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0xffffffff81000000\n"
        "mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x10010\n"
        "munmap(0xfffffffffffff000, 18446744073709551615) = 0\n"
        "mprotect(0x800000000000, 4096, PROT_READ) = 0\n"
        "brk(NULL) = 0xfffffffffffffff0\n"
        "brk(0xffffffffffffffff) = 0xffffffffffffffff\n");
    EXPECT_EQ(steps_of(trace), two_pages);
    EXPECT_EQ(imported(trace).calls_left_out, 5U);
}

TEST(strace, counts_a_last_line_that_is_cut_off) {
    const std::string trace = with_two_pages("munmap(0x10000, 40");
    EXPECT_EQ(steps_of(trace), two_pages);
    expect_head(trace, "1 x call that the end of the trace cuts off");
}

TEST(strace, says_what_is_wrong_with_a_text) {
    EXPECT_EQ(error_of(""), "1:1 expected the output of strace, found no call in it");
    EXPECT_EQ(error_of("7 +++ exited with 0 +++\n"),
              "1:1 expected the output of strace, found no call in it");
    EXPECT_EQ(error_of("vma 1\nworld pages=64\n"),
              "1:1 expected a line of strace such as `brk(NULL) = 0x1000`, found `vma 1` "
              "(record with -o FILE)");
    EXPECT_EQ(error_of("brk(NULL) = 0x1000\r\n"),
              "1:19 expected a line feed, found a carriage return");
    EXPECT_EQ(error_of(std::string_view("brk\0(", 5)),
              "1:4 expected printable ASCII, found the byte 0");
    EXPECT_EQ(error_of("brk(NULL\nbrk(NULL) = 0\n"), "1:9 expected `)`, found the end of the line");
    EXPECT_EQ(error_of("brk(NULL)\nbrk(NULL) = 0\n"),
              "1:10 expected `=` and the result of the call");
    EXPECT_EQ(error_of("brk(NULL) = 0x10000000000000000\n"),
              "1:13 expected a result: a number below 2^64, -1 and an errno, or `?`");
    EXPECT_EQ(error_of("7 munmap(0x1000, -4) = 0\n"), "1:18 expected a number below 2^64 or NULL");
    EXPECT_EQ(error_of("mmap(NULL, 4096) = 0x1000\n"), "1:1 expected 6 arguments of mmap, found 2");
    EXPECT_EQ(error_of("7 <... mmap resumed>) = 0x10000\n"),
              "1:3 expected a call that was left unfinished before");
}

// The programs beside the traces are what the import makes of them.
TEST(strace, imports_the_recorded_traces) {
    for (const std::string name : {"python3", "git", "cc1plus"}) {
        SCOPED_TRACE(name);
        const StraceImport found = imported(file_text(name + ".strace"));
        EXPECT_GT(found.calls_used, 30U);
        EXPECT_EQ(print_program(found.program), file_text(name + ".vma"));
    }
}

}  // namespace vmacheck
