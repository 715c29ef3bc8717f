// Bytes in, bytes out; see the header.
#include "fuzz/mutate_bytes.h"

#include <algorithm>

#include "model/binary.h"
#include "search/source.h"

namespace vmacheck {

void ByteMutator::decode(std::span<const std::uint8_t> bytes, Candidate& program) const {
    decode_program(bytes, linux_6_18_profile, program.world, program.steps);
    if (profile_ != nullptr) program.world.profile = profile_;
}

std::size_t ByteMutator::put(std::uint8_t* out, std::size_t max_size) {
    // A world that leaves no room for itself loses what it can do without.
    if (binary_header_size(program_.world) > max_size) {
        program_.world.areas.clear();
        program_.world.files.clear();
        program_.world.heap = Page{};
        program_.world.pkeys = 0;
        for (const WorldLimit& limit : world_limits) program_.world.*limit.member = no_limit;
        program_.steps.clear();
    }
    const std::size_t header = binary_header_size(program_.world);
    if (header > max_size) return 0;
    program_.steps.resize(std::min(program_.steps.size(), (max_size - header) / record_size));
    encode_program(program_.world, program_.steps, bytes_);
    std::copy(bytes_.begin(), bytes_.end(), out);
    return bytes_.size();
}

std::size_t ByteMutator::mutate(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                unsigned seed) {
    RandomSource source(seed, 0);
    decode({data, size}, program_);
    mutator_.mutate(program_, source);
    return put(data, max_size);
}

std::size_t ByteMutator::cross_over(std::span<const std::uint8_t> first,
                                    std::span<const std::uint8_t> donor, std::uint8_t* out,
                                    std::size_t max_size, unsigned seed) {
    RandomSource source(seed, 1);
    decode(first, program_);
    decode(donor, donor_);
    mutator_.cross_over(program_, donor_, source);
    return put(out, max_size);
}

}  // namespace vmacheck
