// The command itself; all of it is in cli/command_line.h, so that tests can link it.
#include <fcntl.h>
#include <unistd.h>

#include "cli/clocks.h"
#include "cli/command_line.h"

namespace {

// If the caller has closed a standard stream, the next file to be opened gets its number, and what
// is printed goes into a journal or a pipe.
void occupy_standard_streams() {
    int file = STDIN_FILENO;
    while (file >= 0 && file <= STDERR_FILENO) file = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (file > STDERR_FILENO) close(file);
}

}  // namespace

int main(int argc, char** argv) {
    static_cast<void>(vmacheck::cli::cpu_seconds());
    occupy_standard_streams();
    return vmacheck::cli::main_with(argc, argv);
}
