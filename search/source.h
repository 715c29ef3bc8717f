// Sources of choices. There is one generator; a random run, RapidCheck, an engine's bytes and
// counting differ only in the Source that it draws from.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace vmacheck {

class Source {
  public:
    Source() = default;
    Source(const Source&) = delete;
    Source& operator=(const Source&) = delete;
    virtual ~Source() = default;

    // A choice among `count` (at least 1) possibilities, 0 to count - 1. 0 is the simplest one, so
    // that what shrinks towards 0 shrinks towards simple programs.
    [[nodiscard]] virtual std::uint64_t below(std::uint64_t count) = 0;

    // True once in `n` times.
    [[nodiscard]] bool one_in(std::uint64_t n) { return below(n) == n - 1; }
};

// xoshiro256++ (Blackman, Vigna), seeded by splitmix64 from a seed and a stream number: program i
// of seed s draws from RandomSource(s, i), on every machine the same.
class RandomSource final : public Source {
  public:
    RandomSource(std::uint64_t seed, std::uint64_t stream);
    [[nodiscard]] std::uint64_t below(std::uint64_t count) override;

  private:
    std::array<std::uint64_t, 4> state_{};
};

// Draws from bytes, as few for each choice as its count needs; behind their end every choice is 0.
// Every byte string is a program.
class BytesSource final : public Source {
  public:
    BytesSource(const std::uint8_t* data, std::size_t size) : data_(data), size_(size) {}
    [[nodiscard]] std::uint64_t below(std::uint64_t count) override;
    [[nodiscard]] bool exhausted() const { return at_ >= size_; }

  private:
    const std::uint8_t* data_;
    std::size_t size_;
    std::size_t at_ = 0;
};

// Counts through every sequence of choices, depth first:
//
//     CountingSource source;
//     do draw(source); while (source.next());
class CountingSource final : public Source {
  public:
    [[nodiscard]] std::uint64_t below(std::uint64_t count) override;
    // Moves on to the next sequence; false when all were drawn.
    [[nodiscard]] bool next();

  private:
    struct Choice {
        std::uint64_t value;
        std::uint64_t count;
    };
    std::vector<Choice> choices_;
    std::size_t at_ = 0;
};

}  // namespace vmacheck
