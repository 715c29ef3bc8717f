// The command line: words to commands, and bad words to one clear line.
#pragma once

namespace vmacheck::cli {

// Parses, runs, and answers the exit code.
[[nodiscard]] int main_with(int argc, const char* const* argv);

}  // namespace vmacheck::cli
