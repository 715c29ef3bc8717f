// For the tests of the command: runs the built binary through a shell, in a folder of its own that
// goes away with the test.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

// Another one may be named to the compiler.
#ifndef VMACHECK_BINARY
#define VMACHECK_BINARY VMACHECK_BINARY_DIR "/vmacheck"
#endif

namespace vmacheck::cli {

struct Ran {
    int exit = -1;
    std::string output;  // Of stdout and stderr.

    [[nodiscard]] std::string last_line() const {
        const std::string text = output.substr(0, output.find_last_not_of('\n') + 1);
        return text.substr(text.rfind('\n') + 1);
    }
    [[nodiscard]] bool says(const std::string& text) const {
        return output.find(text) != std::string::npos;
    }
};

inline std::string read_file(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

class Shell {
  public:
    explicit Shell(std::string binary) : binary_(std::move(binary)) {
        std::string name = (std::filesystem::temp_directory_path() / "vmacheck_XXXXXX").string();
        if (mkdtemp(name.data()) != nullptr) folder_ = name;
    }
    Shell(const Shell&) = delete;
    Shell& operator=(const Shell&) = delete;
    ~Shell() {
        std::error_code ignored;
        if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
    }

    // `$V` stands for the binary.
    [[nodiscard]] Ran sh(const std::string& command) const {
        Ran ran;
        const std::string line =
            "cd '" + folder_ + "' && V='" + binary_ + "' && { " + command + "\n} 2>&1 < /dev/null";
        FILE* const pipe = popen(line.c_str(), "r");
        if (pipe == nullptr) return ran;
        std::array<char, 4096> buffer{};
        for (std::size_t got = 0; (got = fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) {
            ran.output.append(buffer.data(), got);
        }
        const int status = pclose(pipe);
        ran.exit = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        return ran;
    }
    [[nodiscard]] Ran run(const std::string& arguments) const { return sh("\"$V\" " + arguments); }

    void write(const std::string& name, const std::string& text) const {
        std::ofstream(std::filesystem::path(folder_) / name, std::ios::binary) << text;
    }
    [[nodiscard]] std::string read(const std::string& name) const {
        return read_file(std::filesystem::path(folder_) / name);
    }
    [[nodiscard]] bool has(const std::string& name) const {
        return std::filesystem::exists(std::filesystem::path(folder_) / name);
    }
    // Names in a folder, sorted.
    [[nodiscard]] std::string list(const std::string& name) const {
        return sh("LC_ALL=C ls -A " + name).output;
    }

  private:
    std::string binary_;
    std::string folder_;
};

}  // namespace vmacheck::cli
