// The differential target: bytes to a program, the program through the oracle.
//
//     vmacheck-fuzz [ENGINE'S OPTIONS] [--profile=P] [--raw] CORPUS...
//
// By itself it is a libFuzzer program like any other. `vmacheck fuzz` drives it.
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "fuzz/engine.h"
#include "fuzz/mutate_bytes.h"
#include "fuzz/session.h"
#include "impl/impl_target.h"

namespace {

using vmacheck::ByteMutator;
using vmacheck::Session;
using vmacheck::SessionOptions;

// libFuzzer takes what lies in this section for counters of coverage; it clears them before each
// input. So a target whose code is not instrumented is guided, too.
__attribute__((section("__libfuzzer_extra_counters"), used))
std::uint8_t case_counters[vmacheck::case_count];

// One cross-over in so many is made; the engine would make as many as mutations.
constexpr unsigned cross_over_one_in = 4;

struct Process {
    explicit Process(const SessionOptions& options)
        : session(options, target, case_counters), mutator(options.profile) {}

    vmacheck::ImplTarget target{vmacheck::ImplOptions{}};
    Session session;
    ByteMutator mutator;
};

SessionOptions options;

Process& process() {
    static Process only(options);
    return only;
}

constexpr const char* help =
    "Differential fuzzing of the optimized list against the reference.\n"
    "\n"
    "usage: vmacheck-fuzz [OPTION...] [CORPUS...]\n"
    "\n"
    "  --profile=P    rules for every input, as a world names them [its own]\n"
    "  --raw          mutate bytes, not steps\n"
    "  --systematic   of one input in eight, fail all that can fail in one step, in turn\n"
    "  --bug=NAME     seed this mistake (vmacheck-fuzz-bugs alone)\n"
    "  --finds=DIR    go on after a find; save it there and tell of it on stdout\n"
    "  --once         with --finds: end after the first one\n"
    "  --journal=FILE keep the input under way in this file\n"
    "\n"
    "Words with one dash are libFuzzer's; -help=1 lists them. `vmacheck fuzz --help` is the\n"
    "comfortable way.\n";

}  // namespace

int LLVMFuzzerInitialize(int* argc, char*** argv) {
    if (*argc > 1 && std::strcmp((*argv)[1], "--help") == 0) {
        std::fputs(help, stdout);
        std::exit(EXIT_SUCCESS);
    }
    auto parsed = vmacheck::parse_session_options(*argc, *argv);
    if (const auto* const wrong = std::get_if<std::string>(&parsed)) {
        std::fprintf(stderr, "vmacheck-fuzz: %s (try --help)\n", wrong->c_str());
        std::exit(2);
    }
    options = std::get<SessionOptions>(parsed);
    process();
    std::atexit([] { process().session.say_stats(); });
    return 0;
}

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    process().session.execute({data, size});
    return 0;
}

std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                    unsigned int seed) {
    if (options.raw) return LLVMFuzzerMutate(data, size, max_size);
    return process().mutator.mutate(data, size, max_size, seed);
}

std::size_t LLVMFuzzerCustomCrossOver(const std::uint8_t* data1, std::size_t size1,
                                      const std::uint8_t* data2, std::size_t size2,
                                      std::uint8_t* out, std::size_t max_out_size,
                                      unsigned int seed) {
    // Zero is "not this time": the engine picks anew.
    if (options.raw || seed % cross_over_one_in != 0) return 0;
    return process().mutator.cross_over({data1, size1}, {data2, size2}, out, max_out_size, seed);
}
