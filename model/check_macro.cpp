// Where a broken CHECK ends.
#include "model/check_macro.h"

#include <cstdio>
#include <cstdlib>

namespace vmacheck {

void check_failed(const char* expression, const char* file, int line) {
    std::fprintf(stderr, "%s:%d: CHECK failed: %s\n", file, line, expression);
    std::abort();
}

}  // namespace vmacheck
