// Overflows a signed integer: UndefinedBehaviorSanitizer has to see it.
#include <limits>

int main() {
    volatile int number = std::numeric_limits<int>::max();  // Volatile: computed at run time.
    number = number + 1;
    return 0;
}
