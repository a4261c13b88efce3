#ifndef FAULT_H
#define FAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

// What was written and not made durable yet: what a power cut may take away, in whole or in part.
//
// By POSIX, contents are durable once the file was synced, names once their folder was.

/// Before `length` bytes are written at `offset`.
void unsynced_write(int file, const void *bytes, size_t length, off_t offset);
/// Before the file is cut or grown to `size`.
void unsynced_size(int file, off_t size);
/// Before a name comes, goes, or goes over to another one; a null stands for what is not there.
void unsynced_name(const char *from, const char *to);
/// The file or folder is durable.
void synced(int file);
/// Leaves on disk what a power cut may leave: of contents a part that `seed` chooses, torn by sectors; of names the older ones.
void cut_power(unsigned seed);

#endif
