// Loaded into the program under test with LD_PRELOAD: counts the calls that change files, and lets one of them go wrong.
//
//   FAULT         what happens at which call: KIND:NUMBER, or KIND:NUMBER:SEED for a power cut. Kinds:
//                   before, after   the process is killed before or after that call
//                   cut             the power is cut after it: what was not synced is lost, in part
//                   stop            the process stops in the middle of the first commit after it, until SIGCONT
//                   full            from then on the disk is full
//                   broken          from then on the disk fails
//                   flaw            the disk fails once
//                   readonly        from then on the file system is read-only
//   FAULT_PATH    a part of the paths that are watched
//   FAULT_LOG     a file that gets a line for each watched call
//
// The programs that the process starts are left alone.
#define _GNU_SOURCE
#include "fault.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static enum { nothing, before, after, cut, stop, full, broken, flaw, readonly } kind;
static long chosen, count;
/// Whether the call under way ends a commit: SQLite holds its lock on the file still.
static bool commits;
static unsigned seed;
static char *part;
static int journal = -1;
/// Held during each watched call: nothing happens beside it, and nothing after the end.
static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
/// Which descriptors are watched files, and which; a number may since stand for another file.
static struct { bool is_watched, is_index; dev_t device; ino_t file; char name[64]; } descriptors[256];

__attribute__((constructor)) static void read_environment(void)
{
    static const char *const kinds[] = {"", "before", "after", "cut", "stop", "full", "broken", "flaw", "readonly"};
    char name[16];
    const char *fault = getenv("FAULT"), *log = getenv("FAULT_LOG"), *path = getenv("FAULT_PATH");
    if (fault && sscanf(fault, "%15[a-z]:%ld:%u", name, &chosen, &seed) >= 2)
        for (int i = 1; i < (int)(sizeof kinds / sizeof *kinds); i++)
            if (strcmp(name, kinds[i]) == 0) kind = i;
    if (path) part = strdup(path);
    if (log) journal = (int)syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    unsetenv("LD_PRELOAD"), unsetenv("FAULT"), unsetenv("FAULT_LOG"), unsetenv("FAULT_PATH");
}

static bool is_watched_path(const char *path) { return part && strstr(path, part); }

static bool is_watched(int file)
{
    struct stat status;
    return file >= 0 && file < 256 && descriptors[file].is_watched && fstat(file, &status) == 0
        && status.st_dev == descriptors[file].device && status.st_ino == descriptors[file].file;
}

static void watch(int file, const char *path)
{
    struct stat status;
    if (file < 0 || file >= 256 || fstat(file, &status) != 0) return;
    size_t length = strlen(path);
    descriptors[file].is_watched = true;
    // SQLite's index of the log: shared memory, which no power cut leaves in any state that counts.
    descriptors[file].is_index = length > 4 && strcmp(path + length - 4, "-shm") == 0;
    descriptors[file].device = status.st_dev;
    descriptors[file].file = status.st_ino;
    const char *slash = strrchr(path, '/');
    snprintf(descriptors[file].name, sizeof descriptors[file].name, "%s", slash ? slash + 1 : path);
}

static void die(void)
{
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

/// A watched call begins.
///
/// - Returns: What it fails with; 0 where it does not.
static int begin(const char *call, const char *name, bool takes_room)
{
    count++;
    size_t length = strlen(name);
    commits = strcmp(call, "sync") == 0 && length > 4 && strcmp(name + length - 4, "-wal") == 0;
    if (journal >= 0) {
        char line[PATH_MAX + 64];
        int size = snprintf(line, sizeof line, "%ld %s %s\n", count, call, name);
        if (syscall(SYS_write, journal, line, size) != size) abort();
    }
    if (count < chosen) return 0;
    if (kind == before && count == chosen) die();
    if (kind == full && takes_room) return ENOSPC;
    if (kind == broken || (kind == flaw && count == chosen)) return EIO;
    if (kind == readonly && strcmp(call, "sync") != 0) return EROFS;
    return 0;
}

/// A watched call is done.
static void end(void)
{
    if (kind == stop && count >= chosen && commits) {
        kind = nothing;
        // To this very thread: sent to the process, it may reach another one first, and the commit is over by then.
        raise(SIGSTOP);
    }
    if (count != chosen) return;
    if (kind == after) die();
    if (kind == cut) {
        cut_power(seed);
        die();
    }
}

static bool has_begun(void) { return chosen > 0 && count >= chosen; }

static int fail(int error)
{
    errno = error;
    return -1;
}

// MARK: - Contents

static ssize_t store(int file, const void *bytes, size_t length, off_t offset, bool is_at_offset)
{
    pthread_mutex_lock(&turn);
    if (!is_at_offset) {
        bool appends = fcntl(file, F_GETFL) & O_APPEND;
        offset = lseek(file, 0, appends ? SEEK_END : SEEK_CUR);
    }
    int error = begin("write", descriptors[file].name, true);
    // A disk that becomes full takes a part first.
    if (error == ENOSPC && count == chosen && length > 1) length /= 2, error = 0;
    ssize_t result = -1;
    if (error == 0) {
        if (kind == cut && !descriptors[file].is_index) unsynced_write(file, bytes, length, offset);
        result = is_at_offset ? syscall(SYS_pwrite64, file, bytes, length, offset)
                              : syscall(SYS_write, file, bytes, length);
        error = result < 0 ? errno : 0;
        end();
    }
    pthread_mutex_unlock(&turn);
    return error ? fail(error) : result;
}

ssize_t pwrite64(int file, const void *bytes, size_t length, off64_t offset)
{
    return is_watched(file) ? store(file, bytes, length, offset, true)
                            : syscall(SYS_pwrite64, file, bytes, length, offset);
}

ssize_t pwrite(int file, const void *bytes, size_t length, off_t offset)
{
    return pwrite64(file, bytes, length, offset);
}

ssize_t write(int file, const void *bytes, size_t length)
{
    return is_watched(file) ? store(file, bytes, length, 0, false) : syscall(SYS_write, file, bytes, length);
}

/// Reads are not counted, but a broken disk gives nothing.
ssize_t pread64(int file, void *bytes, size_t length, off64_t offset)
{
    if (kind == broken && has_begun() && is_watched(file)) return fail(EIO);
    return syscall(SYS_pread64, file, bytes, length, offset);
}

ssize_t pread(int file, void *bytes, size_t length, off_t offset) { return pread64(file, bytes, length, offset); }

int ftruncate64(int file, off64_t size)
{
    if (!is_watched(file)) return (int)syscall(SYS_ftruncate, file, size);
    pthread_mutex_lock(&turn);
    struct stat status;
    int error = begin("size", descriptors[file].name, fstat(file, &status) == 0 && size > status.st_size);
    if (error == 0) {
        if (kind == cut && !descriptors[file].is_index) unsynced_size(file, size);
        error = syscall(SYS_ftruncate, file, size) == 0 ? 0 : errno;
        end();
    }
    pthread_mutex_unlock(&turn);
    return error ? fail(error) : 0;
}

int ftruncate(int file, off_t size) { return ftruncate64(file, size); }

static int make_durable(long call, int file)
{
    if (!is_watched(file)) return (int)syscall(call, file);
    pthread_mutex_lock(&turn);
    int error = begin("sync", descriptors[file].name, false);
    if (error == 0) {
        error = syscall(call, file) == 0 ? 0 : errno;
        if (kind == cut) synced(file);
        end();
    }
    pthread_mutex_unlock(&turn);
    return error ? fail(error) : 0;
}

int fsync(int file) { return make_durable(SYS_fsync, file); }

int fdatasync(int file) { return make_durable(SYS_fdatasync, file); }

// MARK: - Names

static bool is_there(const char *path) { return faccessat(AT_FDCWD, path, F_OK, 0) == 0; }

static int open_watched(const char *path, int flags, mode_t mode)
{
    pthread_mutex_lock(&turn);
    bool makes = (flags & O_CREAT) && !is_there(path);
    int error = 0;
    if (makes) error = begin("make", path, true);
    else if (kind == readonly && has_begun() && (flags & O_ACCMODE) != O_RDONLY) error = EROFS;
    int file = -1;
    if (error == 0) {
        if (makes && kind == cut) unsynced_name(NULL, path);
        file = (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
        error = file < 0 ? errno : 0;
        watch(file, path);
        if (makes) end();
    }
    pthread_mutex_unlock(&turn);
    return error ? fail(error) : file;
}

int open64(const char *path, int flags, ...)
{
    mode_t mode = 0;
    if (flags & (O_CREAT | O_TMPFILE)) {
        va_list rest;
        va_start(rest, flags);
        mode = va_arg(rest, mode_t);
        va_end(rest);
    }
    return is_watched_path(path) ? open_watched(path, flags, mode)
                                 : (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

int open(const char *path, int flags, ...)
{
    mode_t mode = 0;
    if (flags & (O_CREAT | O_TMPFILE)) {
        va_list rest;
        va_start(rest, flags);
        mode = va_arg(rest, mode_t);
        va_end(rest);
    }
    return open64(path, flags, mode);
}

/// - Parameters:
///   - from: The name that goes, if any.
///   - to: The name that comes, if any.
static int rename_watched(
    const char *what, const char *from, const char *to, bool takes_room, long call, const char *one, const char *two)
{
    pthread_mutex_lock(&turn);
    int error = begin(what, to ? to : from, takes_room);
    if (error == 0) {
        // What a new name takes the place of goes first.
        if (kind == cut && from && to && is_there(to)) unsynced_name(to, NULL);
        if (kind == cut && (from ? is_there(from) : !is_there(to))) unsynced_name(from, to);
        error = syscall(call, one, two) == 0 ? 0 : errno;
        end();
    }
    pthread_mutex_unlock(&turn);
    return error ? fail(error) : 0;
}

int unlink(const char *path)
{
    if (!is_watched_path(path)) return (int)syscall(SYS_unlink, path);
    return rename_watched("remove", path, NULL, false, SYS_unlink, path, NULL);
}

int rename(const char *from, const char *to)
{
    if (!is_watched_path(to)) return (int)syscall(SYS_rename, from, to);
    return rename_watched("rename", from, to, true, SYS_rename, from, to);
}

int link(const char *from, const char *to)
{
    if (!is_watched_path(to)) return (int)syscall(SYS_link, from, to);
    return rename_watched("link", NULL, to, true, SYS_link, from, to);
}

int mkdir(const char *path, mode_t mode)
{
    if (!is_watched_path(path)) return (int)syscall(SYS_mkdir, path, mode);
    return rename_watched("folder", NULL, path, true, SYS_mkdir, path, (const char *)(uintptr_t)mode);
}
