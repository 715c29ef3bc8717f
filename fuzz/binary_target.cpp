// The decoder of binary programs: every byte string is one, and has one normal form.
#include <span>
#include <vector>

#include "fuzz/engine.h"
#include "model/binary.h"
#include "model/check_macro.h"

namespace {

struct Decoded {
    vmacheck::World world;
    std::vector<vmacheck::Step> steps;
    std::vector<std::uint8_t> bytes;  // In normal form.

    void decode(std::span<const std::uint8_t> input) {
        vmacheck::decode_program(input, vmacheck::linux_6_18_profile, world, steps);
        CHECK(!vmacheck::binary_misfit(world, steps));
        vmacheck::encode_program(world, steps, bytes);
    }
};

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static Decoded once;
    static Decoded twice;
    once.decode({data, size});
    twice.decode(once.bytes);
    CHECK(once.world == twice.world);
    CHECK(once.steps == twice.steps);
    CHECK(once.bytes == twice.bytes);
    return 0;
}
