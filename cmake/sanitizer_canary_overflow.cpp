// Writes one element past the end of a heap array: AddressSanitizer has to see it.
#include <cstddef>
#include <memory>

int main() {
    const std::size_t count = 4;
    const auto numbers = std::make_unique<int[]>(count);
    volatile std::size_t index = count;  // Volatile, so that no compiler knows the index.
    numbers[index] = 1;
    return 0;
}
