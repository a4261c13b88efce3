// What Swift's Glibc module does not offer: the supervisor that stands between the runner and each child process,
// and two Linux calls.
#pragma once

#include <stddef.h>

/// Name (`argv[0]`) under which any program that links this target becomes a supervisor instead of running `main`.
/// Its arguments: runner's pid, grace in ms, linger in ms, largest file the child may write in bytes (-1: no limit),
/// path of the executable, then the child's own `argv`. See supervisor.c.
#define CLINUX_SUPERVISOR "runner-supervisor"

/// Exit status of a supervisor that could not start its child; standard error says why, after this prefix.
#define CLINUX_CANNOT_START 126
#define CLINUX_CANNOT_START_PREFIX "runner-supervisor: cannot start "

/// A descriptor on a new anonymous file in memory that holds `bytes` and is read from its start; it has no name and
/// vanishes with its last descriptor. -1 and `errno` on failure.
int clinux_memory_file(const void *bytes, size_t count);

/// Swaps two paths of one file system in one atomic step. 0, or -1 and `errno`.
int clinux_exchange(const char *first, const char *second);
