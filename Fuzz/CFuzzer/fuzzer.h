/// libFuzzer as a library. Its own `main` is of no use here: SwiftPM puts the program's in its place.
/// <https://llvm.org/docs/LibFuzzer.html#using-libfuzzer-as-a-library>

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*test)(const uint8_t *data, size_t size));
