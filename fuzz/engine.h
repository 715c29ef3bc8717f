// What libFuzzer, and every engine that speaks its language, calls in a target. A target defines
// the first; LLVMFuzzerInitialize and the two about mutation are its choice.
#pragma once

#include <cstddef>
#include <cstdint>

// The names are the engine's own.
// NOLINTBEGIN(readability-identifier-naming)
extern "C" {
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
int LLVMFuzzerInitialize(int* argc, char*** argv);
std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                    unsigned int seed);
std::size_t LLVMFuzzerCustomCrossOver(const std::uint8_t* data1, std::size_t size1,
                                      const std::uint8_t* data2, std::size_t size2,
                                      std::uint8_t* out, std::size_t max_out_size,
                                      unsigned int seed);
// The engine's: changes bytes without a thought of what they mean.
std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);
}
// NOLINTEND(readability-identifier-naming)
