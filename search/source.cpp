// The sources of choices; see the header.
#include "search/source.h"

#include "model/check_macro.h"

namespace vmacheck {
namespace {

std::uint64_t rotate_left(std::uint64_t value, unsigned bits) {
    return (value << bits) | (value >> (64 - bits));
}

std::uint64_t split_mix(std::uint64_t& state) {
    std::uint64_t z = (state += 0x9e3779b97f4a7c15U);
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31U);
}

}  // namespace

RandomSource::RandomSource(std::uint64_t seed, std::uint64_t stream) {
    // The stream is mixed before it meets the seed, so that (1, 2) and (2, 1) have nothing in
    // common.
    std::uint64_t mixed = stream;
    std::uint64_t state = seed ^ rotate_left(split_mix(mixed), 17);
    for (std::uint64_t& word : state_) word = split_mix(state);
}

std::uint64_t RandomSource::below(std::uint64_t count) {
    const std::uint64_t result = rotate_left(state_[0] + state_[3], 23) + state_[0];
    const std::uint64_t shifted = state_[1] << 17U;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = rotate_left(state_[3], 45);
    // The high bits times the count (Lemire): no division, and no bias that 2^-40 of a run would
    // show.
    if (count <= (std::uint64_t{1} << 24U)) return ((result >> 24U) * count) >> 40U;
    return result % count;
}

std::uint64_t BytesSource::below(std::uint64_t count) {
    CHECK(count > 0);
    std::uint64_t value = 0;
    for (std::uint64_t reach = 1; reach<count; reach = reach>(reach << 8U) ? count : reach << 8U) {
        if (at_ >= size_) return value % count;
        value = (value << 8U) | data_[at_++];
    }
    return value % count;
}

std::uint64_t CountingSource::below(std::uint64_t count) {
    CHECK(count > 0);
    if (at_ == choices_.size()) choices_.push_back({0, count});
    CHECK(choices_[at_].count == count);
    return choices_[at_++].value;
}

bool CountingSource::next() {
    at_ = 0;
    while (!choices_.empty() && choices_.back().value + 1 == choices_.back().count) {
        choices_.pop_back();
    }
    if (choices_.empty()) return false;
    choices_.back().value += 1;
    return true;
}

}  // namespace vmacheck
