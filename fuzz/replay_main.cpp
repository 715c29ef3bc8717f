// A main() for a target without an engine: runs each input of files and folders once, in the order
// of their names, under any compiler.
//
//     replay_TARGET FILE|FOLDER...
//
// Exit 0 when all were run; a finding ends the process as the target ends it.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "fuzz/engine.h"

namespace fs = std::filesystem;

namespace {

std::vector<std::string> files_below(const std::string& path) {
    if (!fs::is_directory(path)) return {path};
    std::vector<std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(path)) {
        if (entry.is_regular_file()) files.push_back(entry.path().string());
    }
    std::sort(files.begin(), files.end());
    return files;
}

bool run(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    if (!file.good() && !file.eof()) return false;
    // For whoever reads the end of the output after a crash.
    std::fprintf(stderr, "%s\n", path.c_str());
    std::vector<std::uint8_t> input(bytes.begin(), bytes.end());
    LLVMFuzzerTestOneInput(input.data(), input.size());
    return true;
}

int replay(int argc, char** argv) {
    std::size_t count = 0;
    for (int at = 1; at < argc; ++at) {
        for (const std::string& path : files_below(argv[at])) {
            if (!run(path)) {
                std::fprintf(stderr, "cannot read %s\n", path.c_str());
                return 2;
            }
            ++count;
        }
    }
    if (count == 0) {
        std::fprintf(stderr, "there is nothing to run\n");
        return 2;
    }
    std::printf("%zu inputs ran\n", count);
    return 0;
}

}  // namespace

// Nothing is mutated without an engine.
std::size_t LLVMFuzzerMutate(std::uint8_t*, std::size_t, std::size_t) {
    return 0;
}

int main(int argc, char** argv) {
    try {
        return replay(argc, argv);
    } catch (const fs::filesystem_error& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 2;
    }
}
