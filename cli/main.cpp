// The command itself; all of it is in cli/command_line.h, so that tests can link it.
#include "cli/command_line.h"

int main(int argc, char** argv) {
    return vmacheck::cli::main_with(argc, argv);
}
