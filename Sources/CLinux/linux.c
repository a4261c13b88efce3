#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

int clinux_memory_file(const void *bytes, size_t count)
{
    int file = memfd_create("runner-input", MFD_CLOEXEC);
    if (file < 0)
        return -1;
    for (size_t done = 0; done < count;) {
        ssize_t written = write(file, (const char *)bytes + done, count - done);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0) {
            int reason = errno;
            close(file);
            errno = reason;
            return -1;
        }
        done += (size_t)written;
    }
    if (lseek(file, 0, SEEK_SET) < 0) {
        int reason = errno;
        close(file);
        errno = reason;
        return -1;
    }
    return file;
}

int clinux_exchange(const char *first, const char *second)
{
    return renameat2(AT_FDCWD, first, AT_FDCWD, second, RENAME_EXCHANGE);
}
