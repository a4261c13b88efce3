#define _GNU_SOURCE
#include "fault.h"

#include <fcntl.h>
#include <ftw.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

// The disk writes whole sectors, in any order.
enum { sector = 512 };

/// A change of a file's contents: what was there, and what came.
struct change {
    int file;  // The only descriptor of ours; never closed, as that would let go of the process's locks on the file.
    off_t offset;
    size_t length;
    size_t old_length;
    char *old, *new;  // No `new`: only the size was changed.
    off_t old_size, new_size;
    struct change *before, *after;
};

/// A change of a folder.
struct name {
    char *from, *to;
    int gone;  // Open on what the name stood for, where nothing does any more; else -1.
    dev_t device;
    ino_t folder;
    struct name *before;
};

static struct change *first, *last;
static struct name *names;

static bool is_same(int one, int other)
{
    struct stat a, b;
    return fstat(one, &a) == 0 && fstat(other, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/// Reads what is there of a range; the file's own place stays where it is.
static size_t contents(int file, char *bytes, size_t length, off_t offset)
{
    size_t done = 0;
    while (done < length) {
        ssize_t n = syscall(SYS_pread64, file, bytes + done, length - done, offset + (off_t)done);
        if (n <= 0) break;
        done += (size_t)n;
    }
    return done;
}

static void put(int file, const char *bytes, size_t length, off_t offset)
{
    while (length > 0) {
        ssize_t n = syscall(SYS_pwrite64, file, bytes, length, offset);
        if (n <= 0) abort();
        bytes += n, offset += n, length -= (size_t)n;
    }
}

static struct change *add(int file, size_t length, off_t offset)
{
    struct change *change = calloc(1, sizeof *change);
    change->file = -1;
    for (struct change *known = last; known && change->file < 0; known = known->before)
        if (is_same(known->file, file)) change->file = known->file;
    if (change->file < 0) change->file = fcntl(file, F_DUPFD_CLOEXEC, 256);
    struct stat now;
    fstat(file, &now);
    change->offset = offset;
    change->length = length;
    change->old = malloc(length + 1);
    change->old_length = contents(file, change->old, length, offset);
    change->old_size = now.st_size;
    change->before = last;
    *(last ? &last->after : &first) = change;
    last = change;
    return change;
}

void unsynced_write(int file, const void *bytes, size_t length, off_t offset)
{
    struct change *change = add(file, length, offset);
    change->new = malloc(length + 1);
    memcpy(change->new, bytes, length);
}

void unsynced_size(int file, off_t size)
{
    struct stat now;
    fstat(file, &now);
    add(file, now.st_size > size ? (size_t)(now.st_size - size) : 0, size)->new_size = size;
}

void unsynced_name(const char *from, const char *to)
{
    struct name *name = calloc(1, sizeof *name);
    name->from = from ? strdup(from) : NULL;
    name->to = to ? strdup(to) : NULL;
    // Opened once more, and kept open: the contents are all that is needed to make it anew.
    name->gone = to && from ? -1 : from ? (int)syscall(SYS_openat, AT_FDCWD, from, O_RDONLY | O_CLOEXEC) : -1;
    char copy[PATH_MAX];
    snprintf(copy, sizeof copy, "%s", to ? to : from);
    struct stat folder;
    if (stat(dirname(copy), &folder) == 0) name->device = folder.st_dev, name->folder = folder.st_ino;
    name->before = names;
    names = name;
}

void synced(int file)
{
    for (struct change *change = first, *next; change; change = next) {
        next = change->after;
        if (!is_same(change->file, file)) continue;
        *(change->before ? &change->before->after : &first) = change->after;
        *(change->after ? &change->after->before : &last) = change->before;
        free(change->old), free(change->new), free(change);
    }
    struct stat folder;
    fstat(file, &folder);
    for (struct name **place = &names; *place;) {
        if ((*place)->device == folder.st_dev && (*place)->folder == folder.st_ino) *place = (*place)->before;
        else place = &(*place)->before;
    }
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *place)
{
    (void)status, (void)kind, (void)place;
    return remove(path);
}

static void undo(const struct name *name)
{
    if (name->from && name->to) {
        syscall(SYS_rename, name->to, name->from);
    } else if (name->to) {
        nftw(name->to, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    } else if (name->gone >= 0) {
        int file = (int)syscall(SYS_openat, AT_FDCWD, name->from, O_WRONLY | O_CREAT | O_TRUNC, 0600);
        char bytes[4096];
        size_t n;
        for (off_t offset = 0; (n = contents(name->gone, bytes, sizeof bytes, offset)) > 0; offset += (off_t)n)
            put(file, bytes, n, offset);
    }
}

/// Whether something survives: all does, nothing does, or as it falls.
static bool survives(unsigned how, unsigned *seed) { return how == 0 ? true : how == 1 ? false : rand_r(seed) % 2; }

void cut_power(unsigned seed)
{
    for (struct change *change = last; change; change = change->before) {
        put(change->file, change->old, change->old_length, change->offset);
        if (ftruncate64(change->file, change->old_size) != 0) abort();
    }
    // The other half of the draws: as it falls, where most accidents hide.
    unsigned how = rand_r(&seed) % 4;
    for (struct change *change = first; change; change = change->after) {
        if (!change->new) {
            if (survives(how, &seed) && ftruncate64(change->file, change->new_size) != 0) abort();
            continue;
        }
        off_t end = change->offset + (off_t)change->length;
        for (off_t from = change->offset, to; from < end; from = to) {
            to = (from / sector + 1) * sector;
            if (to > end) to = end;
            if (survives(how, &seed)) put(change->file, change->new + (from - change->offset), (size_t)(to - from), from);
        }
    }
    unsigned count = 0;
    for (struct name *name = names; name; name = name->before) count++;
    unsigned lost = how == 0 ? 0 : how == 1 ? count : (unsigned)rand_r(&seed) % (count + 1);
    for (struct name *name = names; name && lost > 0; name = name->before, lost--) undo(name);
}
