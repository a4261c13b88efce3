// The process between the runner and each of its children. It exists because of one promise: no process of a step
// outlives the step, nor the runner, however either ends (`kill -9` of the runner included).
//
// PR_SET_PDEATHSIG on the child alone cannot keep that promise. It is bound to the thread that forked (not to the
// process), no grandchild inherits it (`helm` starts plugins, `sh` starts anything), and it is cleared by the exec of a
// set-user-id program. A process group alone cannot either: nobody signals the group of a runner that was killed.
//
// So the runner starts its own executable under the name CLINUX_SUPERVISOR, in a session of its own; the constructor
// below takes over before `main`. The supervisor has one thread and does nothing but wait for signals:
//
//   child ends           its descendants get `linger` ms to end too (a `tee` that empties its pipe), then SIGKILL
//   SIGTERM (cancel)     SIGTERM to the group, `grace` ms, then SIGKILL to every descendant
//   runner dies          SIGKILL to every descendant, at once: a resumed runner must not meet the old `helm` at work
//
// It is a subreaper: a descendant whose parent dies becomes its child, even one that left the group with setsid, so
// killing its own children until none is left kills the whole tree. It ends after all of them, with the child's status;
// the runner therefore sees the end of the output pipes when, and only when, nobody is left to write to them.
#define _GNU_SOURCE
#include "CLinux.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

// Sent by the kernel when the thread that started us ends. Threads end while their process lives, so it is a hint:
// what counts is whether our parent is still the runner.
#define PARENT_DEATH_HINT SIGUSR1

// A process in uninterruptible sleep (a dead NFS server) survives SIGKILL for as long as it sleeps. Do not wait for it.
#define GIVE_UP_MS 5000

static long long now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/// Parent of process `pid`, or 0 if it has gone.
static pid_t parent_of(const char *pid)
{
    char path[64], text[512];
    snprintf(path, sizeof path, "/proc/%.20s/stat", pid);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return 0;
    ssize_t count = read(file, text, sizeof text - 1);
    close(file);
    if (count <= 0)
        return 0;
    text[count] = '\0';
    // "pid (name) state ppid …": the name may hold spaces and parentheses, so read on from its last one.
    const char *rest = strrchr(text, ')');
    int parent = 0;
    return rest && sscanf(rest + 1, " %*c %d", &parent) == 1 ? parent : 0;
}

static void kill_children(void)
{
    DIR *processes = opendir("/proc");
    if (!processes)
        return;
    pid_t self = getpid();
    for (struct dirent *entry; (entry = readdir(processes));)
        if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' && parent_of(entry->d_name) == self)
            kill((pid_t)atol(entry->d_name), SIGKILL);
    closedir(processes);
}

/// Ends this process the way the child ended.
static int end_like(int status)
{
    if (WIFEXITED(status))
        return WEXITSTATUS(status);
    int number = WTERMSIG(status);
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);  // the child has dumped core if it should; a second one of ours says nothing
    sigset_t only;
    sigemptyset(&only);
    sigaddset(&only, number);
    signal(number, SIG_DFL);
    raise(number);
    sigprocmask(SIG_UNBLOCK, &only, NULL);
    return 128 + number;
}

static int supervise(pid_t runner, long grace, long linger, long long limit, const char *path, char **args, char **env)
{
    sigset_t watched;
    sigemptyset(&watched);
    sigaddset(&watched, SIGCHLD);
    sigaddset(&watched, SIGTERM);
    sigaddset(&watched, SIGINT);
    sigaddset(&watched, SIGHUP);
    sigaddset(&watched, PARENT_DEATH_HINT);
    sigprocmask(SIG_BLOCK, &watched, NULL);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    prctl(PR_SET_PDEATHSIG, PARENT_DEATH_HINT);
    if (getppid() != runner)  // it died before the line above
        return 1;

    int failure[2];  // closed by a successful exec, else it carries the reason
    if (pipe2(failure, O_CLOEXEC) != 0)
        return CLINUX_CANNOT_START;
    pid_t self = getpid(), child = fork();
    if (child == 0) {
        // Should somebody kill the supervisor alone. It has one thread, so here the signal means what it says.
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != self)
            _exit(1);
        sigprocmask(SIG_UNBLOCK, &watched, NULL);
        if (limit >= 0) {
            struct rlimit files = {(rlim_t)limit, (rlim_t)limit};
            setrlimit(RLIMIT_FSIZE, &files);
        }
        execve(path, args, env);
        int reason = errno;
        if (write(failure[1], &reason, sizeof reason) < 0)
            _exit(CLINUX_CANNOT_START - 1);
        _exit(CLINUX_CANNOT_START);
    }
    int reason = child < 0 ? errno : 0;
    close(failure[1]);
    if (child > 0 && read(failure[0], &reason, sizeof reason) < 0)
        reason = errno;
    close(failure[0]);
    if (reason != 0) {
        fprintf(stderr, CLINUX_CANNOT_START_PREFIX "%s: %s\n", path, strerror(reason));
        return CLINUX_CANNOT_START;
    }

    int status = 0;
    int ended = 0, stopping = 0, killing = 0;
    long long deadline = -1;  // none
    for (;;) {
        int received;
        if (deadline < 0) {
            received = sigwaitinfo(&watched, NULL);
        } else {
            long long left = deadline - now_ms();
            if (left < 0)
                left = 0;
            struct timespec wait = {left / 1000, (left % 1000) * 1000000};
            received = sigtimedwait(&watched, NULL, &wait);
        }

        int kill_now = 0;
        if (received == SIGCHLD) {
            pid_t gone;
            int how;
            while ((gone = waitpid(-1, &how, WNOHANG)) > 0)
                if (gone == child) {
                    status = how;
                    ended = 1;
                    if (!stopping && !killing)
                        deadline = now_ms() + linger;
                }
            if (gone < 0 && errno == ECHILD)
                return end_like(status);
            kill_now = killing;  // whoever has just become our child
        } else if (received == PARENT_DEATH_HINT) {
            kill_now = getppid() != runner;
        } else if (received > 0) {
            if (!stopping && !killing) {
                stopping = 1;
                deadline = now_ms() + grace;
                kill(0, SIGTERM);  // the group, ourselves included: `stopping` makes the echo harmless
            }
        } else if (errno == EAGAIN) {
            if (killing)
                return ended ? end_like(status) : end_like(SIGKILL);
            kill_now = 1;
        }
        if (kill_now) {
            if (!killing)
                deadline = now_ms() + GIVE_UP_MS;
            killing = 1;
            kill_children();
        }
    }
}

__attribute__((constructor)) static void become_supervisor(int count, char **args, char **env)
{
    if (count < 7 || strcmp(args[0], CLINUX_SUPERVISOR) != 0)
        return;
    _exit(supervise((pid_t)atol(args[1]), atol(args[2]), atol(args[3]), atoll(args[4]), args[5], args + 6, env));
}
