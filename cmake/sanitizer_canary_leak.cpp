// Forgets a heap object: LeakSanitizer has to see it.
int main() {
    int* volatile forgotten =
        new int[4];  // Volatile, so that the allocation is not optimized away.
    forgotten = nullptr;
    return forgotten == nullptr ? 0 : 1;
}
