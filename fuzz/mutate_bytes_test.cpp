// The laws of the mutator as an engine sees it: bytes, a seed, a size.
#include "fuzz/mutate_bytes.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "model/binary.h"

namespace vmacheck {
namespace {

using Bytes = std::vector<std::uint8_t>;

constexpr std::size_t size_max = 2048;

Bytes normal_form(const Bytes& bytes) {
    World world;
    std::vector<Step> steps;
    decode_program(bytes, linux_6_18_profile, world, steps);
    Bytes normal;
    encode_program(world, steps, normal);
    return normal;
}

Bytes mutated(ByteMutator& mutator, const Bytes& bytes, std::size_t max_size, unsigned seed) {
    Bytes buffer(max_size, 0xcc);
    std::copy(bytes.begin(), bytes.end(), buffer.begin());
    buffer.resize(mutator.mutate(buffer.data(), bytes.size(), max_size, seed));
    return buffer;
}

Bytes crossed(ByteMutator& mutator, const Bytes& first, const Bytes& donor, std::size_t max_size,
              unsigned seed) {
    Bytes buffer(max_size, 0xcc);
    buffer.resize(mutator.cross_over(first, donor, buffer.data(), max_size, seed));
    return buffer;
}

// Bytes of any kind, or a program that the mutator has made in a few rounds.
Bytes draw_input(const Profile* profile) {
    auto bytes = *rc::gen::resize(200, rc::gen::arbitrary<Bytes>());
    if (*rc::gen::inRange(0, 3) == 0) return bytes;
    ByteMutator mutator(profile);
    for (int round = *rc::gen::inRange(1, 20); round > 0; --round) {
        bytes = mutated(mutator, bytes, size_max, *rc::gen::arbitrary<unsigned>());
    }
    return bytes;
}

const Profile* draw_profile() {
    return *rc::gen::element<const Profile*>(nullptr, &canonical_profile, &linux_6_18_profile);
}

RC_GTEST_PROP(ByteMutator, is_a_function_of_bytes_and_seed, ()) {
    const Profile* const profile = draw_profile();
    const Bytes input = draw_input(profile);
    const Bytes donor = draw_input(profile);
    const auto seed = *rc::gen::arbitrary<unsigned>();
    ByteMutator fresh(profile);
    ByteMutator used(profile);
    for (unsigned round = 0; round < 3; ++round) {
        static_cast<void>(mutated(used, donor, size_max, round));
    }
    RC_ASSERT(mutated(fresh, input, size_max, seed) == mutated(used, input, size_max, seed));
    RC_ASSERT(crossed(fresh, input, donor, size_max, seed) ==
              crossed(used, input, donor, size_max, seed));
}

RC_GTEST_PROP(ByteMutator, answers_a_normal_form_of_the_size_that_it_may_have, ()) {
    const Profile* const profile = draw_profile();
    const Bytes input = draw_input(profile);
    const Bytes donor = draw_input(profile);
    const auto seed = *rc::gen::arbitrary<unsigned>();
    const std::size_t max_size =
        *rc::gen::inRange<std::size_t>(std::max<std::size_t>(input.size(), 1), size_max + 1);
    ByteMutator mutator(profile);
    for (const Bytes& output : {mutated(mutator, input, max_size, seed),
                                crossed(mutator, input, donor, max_size, seed)}) {
        RC_ASSERT(output.size() <= max_size);
        RC_ASSERT(!output.empty() || max_size < record_size);
        RC_ASSERT(output.empty() || normal_form(output) == output);
    }
}

RC_GTEST_PROP(ByteMutator, gives_every_program_the_profile_it_was_told, ()) {
    const Bytes input = draw_input(nullptr);
    ByteMutator mutator(&canonical_profile);
    const Bytes output = mutated(mutator, input, size_max, *rc::gen::arbitrary<unsigned>());
    World world;
    std::vector<Step> steps;
    decode_program(output, linux_6_18_profile, world, steps);
    RC_ASSERT(world.profile == &canonical_profile);
}

// A mutator that answers what it was given would pass all of the above.
TEST(ByteMutator, makes_something_else_most_of_the_time) {
    ByteMutator mutator(nullptr);
    Bytes bytes;
    int changed = 0;
    constexpr unsigned rounds = 1000;
    for (unsigned seed = 0; seed < rounds; ++seed) {
        Bytes next = mutated(mutator, bytes, size_max, seed);
        changed += next != bytes ? 1 : 0;
        bytes = std::move(next);
    }
    EXPECT_GT(changed, 900);
    EXPECT_GT(bytes.size(), 5 * record_size);
}

TEST(ByteMutator, makes_nothing_where_there_is_no_room) {
    ByteMutator mutator(nullptr);
    EXPECT_EQ(mutated(mutator, Bytes(record_size - 1, 7), record_size - 1, 1), Bytes());
    EXPECT_EQ(mutated(mutator, Bytes(), record_size, 1).size(), record_size);
}

}  // namespace
}  // namespace vmacheck
