// Tests of the text of programs: the two laws on texts written by hand, and what is printed for
// each kind of line. The blocks of docs/format.md are texts, too.
#include "model/text.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <ostream>

namespace vmacheck {

namespace {

Program parsed(std::string_view text) {
    std::variant<Program, ParseError> result = parse_program(text);
    if (const auto* const error = std::get_if<ParseError>(&result)) {
        ADD_FAILURE() << error->line << ':' << error->column << ": " << error->message << "\n"
                      << text;
        return {};
    }
    return std::get<Program>(result);
}

// The text prints as `printed`, which is a fixpoint and the same program.
void expect_prints(std::string_view text, std::string_view printed) {
    const Program program = parsed(text);
    EXPECT_EQ(print_program(program), printed);
    EXPECT_TRUE(parsed(printed) == program) << printed;
}

const std::string header = "vma 1\nworld pages=64 profile=linux-6.18\n";

// `line` behind the header and a file `a`, printed.
void expect_line(const std::string& line, const std::string& printed) {
    const std::string start = header + "file a driver=mmap_prepare pages=8\n";
    expect_prints(start + line, start + printed + "\n");
}

std::string failure_alone(const Failure& failure) {
    std::string out;
    print_failure(out, failure);
    return out;
}

std::string format_manual() {
    std::ifstream file(VMACHECK_SOURCE_DIR "/docs/format.md");
    EXPECT_TRUE(file.is_open());
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::vector<std::string> blocks_of(const std::string& manual) {
    const std::string open = "```vma\n";
    std::vector<std::string> blocks;
    std::size_t start = manual.find(open);
    while (start != std::string::npos) {
        start += open.size();
        const std::size_t end = manual.find("```", start);
        blocks.push_back(manual.substr(start, end - start));
        start = manual.find(open, end);
    }
    return blocks;
}

TEST(text, prints_every_block_of_its_manual_as_the_same_program) {
    const std::vector<std::string> blocks = blocks_of(format_manual());
    EXPECT_GE(blocks.size(), 6U);
    for (const std::string& block : blocks) {
        const std::string printed = print_program(parsed(block));
        expect_prints(block, printed);
    }
}

TEST(text, has_a_manual_that_names_every_word) {
    const std::string manual = format_manual();
    const auto expect_word = [&](std::string_view word) {
        const std::string quoted = "`" + std::string(word) + "`";
        EXPECT_NE(manual.find(quoted), std::string::npos) << quoted;
    };
    for (std::size_t kind = 0; kind < op_count; kind++) expect_word(op_name(kind));
    for (const std::string_view word : sharing_names) expect_word(word);
    for (const std::string_view word : advice_names) expect_word(word);
    for (const std::string_view word : errno_names) expect_word(word);
    for (const std::string_view word : stage_names) expect_word(word);
    for (const Profile* const profile : all_profiles) expect_word(profile->name);
    for (const std::string_view word : uffd_mode_names) expect_word(word);
    for (int i = static_cast<int>(Flag::account); i <= static_cast<int>(Flag::sealed); i++) {
        expect_word(flag_names[static_cast<std::size_t>(i)]);
    }
    for (const char* word : {"noreplace", "fixed", "noreserve", "read"}) expect_word(word);
}

TEST(text, prints_the_block_of_the_design) {
    const std::string block = blocks_of(format_manual()).at(0);
    expect_prints(block, R"(vma 1  # format version, always the first line
world pages=64 profile=linux-6.18 max_map_count=32
file a driver=mmap_prepare pages=32
file b driver=mmap,close
mmap 0+4 rw- anon private                    = ok
mmap 8+2 r-- file=a@0 shared                 = ok
touch 0+1
mprotect 1+2 r--                             = ok
areas 0+1 rw- | 1+2 r-- | 3+1 rw- | 8+2 r--)"
                         "  # every area of the space, checked on replay;"
                         " `areas 4` is the short form\n"
                         R"(munmap 2+1 ! split                           = ENOMEM
mmap 8+1 rw- file=b@0 private fixed ! hook   = ENOMEM
fork 1                                       = ok
@1 mprotect 0+4 rwx                          = ok
areas @1 0+1 rwx | 1+2 rwx | 3+1 rwx | 9+1 r--)"
                         "  # faulted before the fork: each got an identity of its own,"
                         " so they never merge here\n");
}

TEST(text, becomes_a_program_of_the_values_that_it_names) {
    const Program program = parsed(header +
                                   "file a driver=close mode=ro\n"
                                   "@2 mmap 8+2 r-x file=a@5 shared fixed ! merge#7 = EACCES\n");
    ASSERT_EQ(program.world.files.size(), 1U);
    EXPECT_EQ(program.world.files[0].name, "a");
    EXPECT_TRUE(program.world.files[0].driver.close);
    EXPECT_TRUE(program.world.files[0].read_only);
    ASSERT_EQ(program.steps().size(), 1U);
    const Step step = program.steps()[0];
    const Mmap expected{{{8}, {2}},         {Flag::read | Flag::exec}, {{1}, 5},
                        Sharing::is_shared, Placement::fixed,          Reserve::reserve};
    EXPECT_TRUE(step.op == Op(expected));
    EXPECT_EQ(step.space.value, 2);
    EXPECT_TRUE((step.failure == Failure{Failure::Kind::at_stage, Stage::merge, 7}));
    EXPECT_TRUE(
        (std::get<StepLine>(program.lines[0].content).claim == Result{Errno::eacces, false}));
}

TEST(text, leaves_out_what_has_its_default) {
    expect_prints("vma 1", header);
    expect_prints("vma 1\nworld\n", header);
    expect_prints("vma 1\nworld max_map_count=65530 profile=linux-6.18 pages=64", header);
    expect_line("@0 touch 0+1", "touch 0+1");
    expect_line("touch 0+1 ! split#1", "touch 0+1 ! split");
    expect_line("touch 0+1 ! #1", "touch 0+1 ! #1");
    expect_line("areas @0 7", "areas 7");
    expect_line("area 4+2 r-- anon private pgoff=4", "area 4+2 r-- anon private");
}

TEST(text, prints_one_space_between_words_and_claims_in_a_column) {
    const std::string pad(31, ' ');
    expect_line("  touch   0+1   read =  ok   unused  ", "touch 0+1 read" + pad + "= ok unused");
    const std::string wide = "mmap 1000000000000+2000000000000 rw- anon private";
    expect_line(wide + "   = ok", wide + " = ok");
}

TEST(text, prints_drivers_in_the_order_of_their_hooks) {
    const auto expect_file = [](const std::string& line, const std::string& printed) {
        expect_prints(header + line, header + printed + "\n");
    };
    expect_file("file x driver=none", "file x driver=none");
    expect_file("file x driver=close,plain", "file x driver=mmap_prepare,close");
    expect_file("file x mode=ro driver=mmap pages=0", "file x driver=mmap mode=ro");
}

TEST(text, says_flags_of_initial_areas_that_protection_and_sharing_do_not) {
    expect_line("area 0+1 r-- file=a@3 shared flags=hugepage,account",
                "area 0+1 r-- file=a@3 shared flags=account,hugepage");
    expect_line("area 0+1 --- anon private pgoff=9 fault=3 forked",
                "area 0+1 --- anon private fault=3 forked pgoff=9");
    expect_line("area 0+1 --- anon private pgoff=9 uffd=b missing+wp flags=account",
                "area 0+1 --- anon private flags=account uffd=b missing+wp pgoff=9");
}

TEST(text, says_protection_keys_of_areas_that_can_have_them) {
    const std::string world = "vma 1\nworld pages=64 profile=linux-6.18 pkeys=3\n";
    // The last one is the kernel's.
    const std::string areas =
        "area 0+1 rw- anon private pkey=2\n"
        "area 1+1 --x anon private pkey=1\n"
        "area 2+1 --x anon private pkey=3 pgoff=9\n";
    EXPECT_EQ(print_program(parsed(world + areas)), world + areas);
}

TEST(text, gives_initial_areas_the_flags_of_mmap) {
    const Program program = parsed(header +
                                   "file a driver=plain\nfile r driver=plain mode=ro\n"
                                   "area 0+1 rw- anon private\n"
                                   "area 1+1 r-- file=a@3 shared\n"
                                   "area 2+1 r-- file=r@4 shared\n"
                                   "area 3+1 rw- file=r@4 private\n");
    const Flags may_read_exec = Flag::may_read | Flag::may_exec;
    const std::vector<InitialArea>& areas = program.world.areas;
    ASSERT_EQ(areas.size(), 4U);
    EXPECT_EQ(areas[0].attributes.flags, may_access_flags | read_write_flags);
    EXPECT_EQ(areas[1].attributes.flags,
              may_access_flags | Flag::read | Flag::shared | Flag::may_share);
    EXPECT_EQ(areas[2].attributes.flags, may_read_exec | Flag::read | Flag::may_share);
    EXPECT_EQ(areas[3].attributes.flags, may_access_flags | read_write_flags);
    EXPECT_EQ(areas[2].attributes.pgoff, 4U);
    EXPECT_EQ(areas[2].attributes.file.value, 2U);
}

TEST(text, keeps_comments_where_they_stand) {
    const std::string text =
        "vma 1  # version\n"
        "# above the world\n"
        "world pages=64 profile=linux-6.18  # beside the world\n"
        "file a driver=none\n"
        "#\n"
        "#  indented, and empty above\n"
        "file b driver=none  # b\n"
        "# \xc3\xa4rea \xe2\x82\xac \xf0\x9f\x98\x80\n"
        "area 0+1 r-- anon private\n"
        "touch 0+1 ! split  #2 is no count here\n"
        "# above the claim\n"
        "areas 1  # one\n"
        "# the end\n"
        "#the very end\n";
    expect_prints(text, text);
    const Program program = parsed(text);
    EXPECT_EQ(program.file_comments.size(), 2U);
    EXPECT_EQ(program.file_comments[1].above.size(), 2U);
    EXPECT_EQ(program.file_comments[1].beside, " b");
    EXPECT_EQ(program.end_comments.size(), 2U);
}

TEST(text, drops_empty_lines_and_empty_comments_beside) {
    expect_line("\n\n  \ntouch 0+1 #\n\n", "touch 0+1");
    expect_line("touch 0+1#x\n  # y\n", "touch 0+1  #x\n# y");
    EXPECT_TRUE(parsed(header + "file a driver=none #\n").file_comments.empty());
}

TEST(text, ends_before_trailing_nul_bytes) {
    const std::string nuls(3, '\0');
    expect_line("touch 0+1\n" + nuls, "touch 0+1");
    expect_line("touch 0+1" + nuls, "touch 0+1");
}

TEST(text, prints_the_header_and_the_steps_alone) {
    const Program program =
        parsed(header +
               "file a driver=mmap pages=3  # beside\n"
               "area 0+1 r-- file=a@0 private\n"
               "@1 mmap 1+1 rwx file=a@9 shared noreplace noreserve ! #12 = ok\n");
    std::string out;
    print_header(out, program.world);
    EXPECT_EQ(out, header + "file a driver=mmap pages=3\narea 0+1 r-- file=a@0 private\n");
    out = ">";
    print_step(out, program.steps().at(0), program.world);
    EXPECT_EQ(out, ">@1 mmap 1+1 rwx file=a@9 shared noreplace noreserve ! #12");
}

TEST(text, prints_the_attributes_of_any_area_for_reports) {
    World world;
    Attributes attributes;
    attributes.flags = access_flags | Flag::may_share | Flag::account;
    attributes.file = {7};  // The object of shared anonymous memory.
    attributes.fault = {2};
    std::string out;
    print_attributes(out, attributes, Page{4}, world);
    EXPECT_EQ(out, "rwx anon shared flags=account fault=2 pgoff=0");
}

TEST(text, prints_failures_alone) {
    EXPECT_EQ(failure_alone({}), "");
    EXPECT_EQ(failure_alone({Failure::Kind::at_stage, Stage::hook, 1}), "! hook");
    EXPECT_EQ(failure_alone({Failure::Kind::at_stage, Stage::hook, 2}), "! hook#2");
    EXPECT_EQ(failure_alone({Failure::Kind::at_any, Stage::split, 1}), "! #1");
}

}  // namespace

}  // namespace vmacheck
