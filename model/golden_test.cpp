// Tests of corpus/golden: bytes whose meaning is for ever (docs/format.md, "Binary form").
//
//     NAME.bin   a program in its binary form; `loose_*` are bytes that no encoder writes
//     NAME.vma   the text of that program
//     states     for each of them, the hash of the state that the reference reaches
//
// An engine's corpus is worth what the decoder makes of it, so a file here is never changed: a test
// that fails says that old bytes have got another meaning. The hashes change with the rules of a
// profile alone. To add a program, write one of its two files and run the tests: they say what the
// other files should hold.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "model/binary.h"
#include "model/claims.h"
#include "model/hash.h"
#include "model/reference.h"
#include "model/text.h"

namespace vmacheck {
namespace {

using Bytes = std::vector<std::uint8_t>;

const std::string folder = VMACHECK_SOURCE_DIR "/corpus/golden/";
constexpr std::string_view loose = "loose_";

std::string contents_of(const std::string& name) {
    std::ifstream file(folder + name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

Bytes bytes_in(const std::string& name) {
    const std::string contents = contents_of(name + ".bin");
    return {contents.begin(), contents.end()};
}

// Of the files of the folder, without their endings.
std::set<std::string> names() {
    std::set<std::string> found;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        const std::string ending = entry.path().extension().string();
        if (ending == ".bin" || ending == ".vma") found.insert(entry.path().stem().string());
    }
    return found;
}

Program decoded(const Bytes& bytes) {
    World world;
    std::vector<Step> steps;
    decode_program(bytes, linux_6_18_profile, world, steps);
    return program_of(world, steps);
}

// A command that writes these bytes.
std::string command_for(const Bytes& bytes, const std::string& name) {
    std::string command = "printf '";
    for (const std::uint8_t byte : bytes) {
        std::array<char, 5> escaped{};
        static_cast<void>(std::snprintf(escaped.data(), escaped.size(), "\\%03o", byte));
        command += escaped.data();
    }
    return command + "' > corpus/golden/" + name + ".bin";
}

// ---- The state at the end of a program, as a text that depends on no numbering of ours. ----

// Fault identities and the objects behind shared anonymous memory are named as they appear.
class Names {
  public:
    std::string of(std::uint32_t identity) {
        if (identity == 0) return "0";
        return std::to_string(numbers_.emplace(identity, numbers_.size() + 1).first->second);
    }

  private:
    std::map<std::uint32_t, std::size_t> numbers_;
};

std::string state_after(const Program& program) {
    const World& world = program.world;
    Cases cases;
    Reference reference(cases);
    reference.create(world, Cells(world, program.steps()));
    StepLog log;
    for (const Step& step : program.steps()) static_cast<void>(reference.apply(step, log));

    Reference::Census census;
    reference.count(census);
    std::string state = "committed=" + std::to_string(census.machine.committed) +
                        " objects=" + std::to_string(census.machine.objects) + "\n";
    for (const FileCounters& file : census.machine.files) {
        state += "file references=" + std::to_string(file.references) +
                 " writable=" + std::to_string(file.writable) + "\n";
    }
    Names faults;
    Names objects;
    for (std::uint8_t number = 0; number < space_count_max; number++) {
        if (!reference.has_space(SpaceId{number})) continue;
        const SpaceCounters& counters = census.spaces[number];
        state +=
            "space " + std::to_string(number) + " areas=" + std::to_string(counters.map_count) +
            " total=" + std::to_string(counters.total) + " data=" + std::to_string(counters.data) +
            " exec=" + std::to_string(counters.exec) +
            (counters.locked > 0 ? " locked=" + std::to_string(counters.locked) : "") + "\n";
        for (const AreaView& area : areas_of(reference, SpaceId{number})) {
            const Attributes& at = area.attributes;
            const bool is_object = !at.file.none() && world.file(at.file) == nullptr;
            print_range(state, area.range);
            for (std::size_t flag = 0; flag < flag_count; flag++) {
                if (!at.flags.has(Flag(flag))) continue;
                state += ' ';
                state += flag_names[flag];
            }
            state += " offset=" + std::to_string(at.pgoff);
            state += is_object ? " object=" + objects.of(at.file.value)
                               : " file=" + std::to_string(at.file.value);
            state += " fault=" + faults.of(at.fault.value) + (at.forked ? " forked" : "");
            if (at.policy != Policy::none) {
                state += " policy=";
                state += policy_names[static_cast<std::size_t>(at.policy)];
                if (at.home_node) state += ":home_node";
            }
            if (at.name != AreaName::none) {
                state += " name=";
                state += area_names[static_cast<std::size_t>(at.name)];
            }
            if (at.uffd != UffdContext::none) {
                state += " uffd=";
                state += uffd_context_names[static_cast<std::size_t>(at.uffd)];
            }
            state += '\n';
        }
    }
    return state;
}

std::string hash_of(const std::string& state) {
    std::array<char, 17> digits{};
    static_cast<void>(std::snprintf(digits.data(), digits.size(), "%016llx",
                                    static_cast<unsigned long long>(fnv1a(state))));
    return digits.data();
}

// ---- The tests. ----

TEST(golden, bytes_keep_their_meaning) {
    for (const std::string& name : names()) {
        if (!std::filesystem::exists(folder + name + ".bin")) continue;
        const std::string found = print_program(decoded(bytes_in(name)));
        EXPECT_EQ(found, contents_of(name + ".vma"))
            << "corpus/golden/" << name << ".vma should be:\n"
            << found;
    }
}

TEST(golden, canonical_bytes_are_what_their_text_encodes_to) {
    for (const std::string& name : names()) {
        if (!std::filesystem::exists(folder + name + ".vma")) continue;
        const auto parsed = parse_program(contents_of(name + ".vma"));
        ASSERT_TRUE(std::holds_alternative<Program>(parsed)) << name;
        const auto& program = std::get<Program>(parsed);
        ASSERT_EQ(binary_misfit(program.world, program.steps()), std::nullopt) << name;
        Bytes canonical;
        encode_program(program.world, program.steps(), canonical);
        const bool is_canonical = bytes_in(name) == canonical;
        const bool is_loose = name.compare(0, loose.size(), loose) == 0;
        EXPECT_NE(is_canonical, is_loose) << name << ".bin in canonical form:\n"
                                          << command_for(canonical, name);
    }
}

TEST(golden, programs_reach_their_states) {
    const std::string states = contents_of("states");
    std::string found;
    for (const std::string& name : names()) {
        const std::string state = state_after(decoded(bytes_in(name)));
        const std::string line = hash_of(state) + " " + name + "\n";
        EXPECT_NE(states.find(line), std::string::npos)
            << "corpus/golden/states should have the line\n"
            << line << "which stands for this state:\n"
            << state;
        found += line;
    }
    EXPECT_EQ(states, found) << "one line for each program, sorted by name";
}

// What the files hold, and how many of them do.
std::map<std::string, int> features() {
    std::map<std::string, int> found;
    for (const std::string& name : names()) {
        const Bytes bytes = bytes_in(name);
        const Program program = decoded(bytes);
        const World& world = program.world;
        if (!binary_version_of(bytes)) found["no world record"]++;
        if (bytes.size() % record_size != 0) found["torn"]++;
        if (name.compare(0, loose.size(), loose) == 0) continue;
        found["profile " + std::string(world.profile->name)]++;
        if (!world.areas.empty()) found["areas"]++;
        if (!world.files.empty()) found["files"]++;
        for (const Step& step : program.steps()) {
            const Failure& failure = step.failure;
            found[std::string(op_name(step.op.index()))]++;
            if (failure.kind == Failure::Kind::at_any) found["! #"]++;
            if (failure.kind != Failure::Kind::at_stage) continue;
            found["! " + std::string(name_of(failure.stage))]++;
        }
    }
    return found;
}

TEST(golden, files_hold_all_that_there_is) {
    std::map<std::string, int> found = features();
    std::vector<std::string> wanted = {"no world record", "torn", "areas", "files", "! #"};
    for (std::size_t kind = 0; kind < op_count; kind++) wanted.emplace_back(op_name(kind));
    for (const std::string_view stage : stage_names) wanted.push_back("! " + std::string(stage));
    for (const Profile* profile : all_profiles) {
        wanted.push_back("profile " + std::string(profile->name));
    }
    for (const std::string& feature : wanted) EXPECT_GE(found[feature], 1) << feature;
    EXPECT_GE(names().size(), 25U);
}

// Every word that a text can have for a field stands in a program that pins its number.
TEST(golden, files_hold_every_value_of_every_field) {
    std::set<std::string> words;
    for (const std::string& name : names()) {
        if (name.compare(0, loose.size(), loose) == 0) continue;
        std::string text = contents_of(name + ".vma");
        std::replace(text.begin(), text.end(), '\n', ' ');
        std::replace(text.begin(), text.end(), ',', ' ');
        std::replace(text.begin(), text.end(), '=', ' ');
        for (std::size_t at = 0; at < text.size(); at = text.find(' ', at) + 1) {
            const std::size_t end = text.find(' ', at);
            words.insert(text.substr(at, end - at));
            if (end == std::string::npos) break;
        }
    }
    std::vector<std::string_view> wanted(advice_names.begin(), advice_names.end());
    wanted.insert(wanted.end(), sharing_names.begin(), sharing_names.end());
    wanted.insert(wanted.end(), placement_names.begin(), placement_names.end());
    wanted.insert(wanted.end(), reserve_names.begin(), reserve_names.end());
    wanted.insert(wanted.end(), access_names.begin(), access_names.end());
    wanted.insert(wanted.end(), lock_mode_names.begin(), lock_mode_names.end());
    wanted.insert(wanted.end(), lock_scope_names.begin(), lock_scope_names.end());
    wanted.insert(wanted.end(), populate_names.begin(), populate_names.end());
    wanted.insert(wanted.end(), policy_names.begin(), policy_names.end());
    wanted.insert(wanted.end(), area_names.begin(), area_names.end());
    wanted.insert(wanted.end(), flag_names.begin() + static_cast<int>(Flag::account),
                  flag_names.begin() + static_cast<int>(Flag::sealed) + 1);
    wanted.insert(wanted.end(), uffd_names.begin(), uffd_names.end());
    wanted.insert(wanted.end(), uffd_mode_names.begin(), uffd_mode_names.end());
    wanted.insert(wanted.end(),
                  {"mmap", "mmap_prepare", "close", "none", "ro", "memory_merge", "anon", "forked",
                   "fault", "pgoff", "max_map_count", "memlock", "home_node", "uffd"});
    wanted.insert(wanted.end(),
                  {"---", "r--", "-w-", "rw-", "--x", "r-x", "-wx", "rwx", "@1", "@2", "@3"});
    for (const std::string_view word : wanted) {
        if (word.empty()) continue;
        EXPECT_EQ(words.count(std::string(word)), 1U) << word << " is in no canonical file";
    }
}

}  // namespace
}  // namespace vmacheck
