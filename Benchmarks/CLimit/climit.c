#include "climit.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/// A row of `journal` in memory.
typedef struct {
    sqlite3_int64 run, at;
    char *events;
    void *hash;
    int events_bytes, hash_bytes;
    /// Whether it is its run's first entry, or its last.
    char is_first, is_last;
} entry;

/// A row of `runs` in memory.
typedef struct {
    sqlite3_value *columns[10];
} run;

enum { run_columns = 10 };

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static int fail(climit_result *result, sqlite3 *database) {
    strncpy(result->message, database ? sqlite3_errmsg(database) : "out of memory", sizeof result->message - 1);
    return 1;
}

/// Grows an array to hold one more element.
static void *grown(void *array, long count, size_t size) {
    if (count & (count - 1)) return array;
    return realloc(array, (size_t)(count ? count * 2 : 1) * size);
}

static int load_runs(sqlite3 *database, run **runs, long *count, climit_result *result) {
    sqlite3_stmt *read;
    if (sqlite3_prepare_v2(database, "SELECT * FROM runs ORDER BY number", -1, &read, NULL)) return fail(result, database);
    while (sqlite3_step(read) == SQLITE_ROW) {
        if (!(*runs = grown(*runs, *count, sizeof(run)))) return fail(result, NULL);
        for (int column = 0; column < run_columns; column++)
            (*runs)[*count].columns[column] = sqlite3_value_dup(sqlite3_column_value(read, column));
        (*count)++;
    }
    return sqlite3_finalize(read) ? fail(result, database) : 0;
}

static int load_entries(sqlite3 *database, entry **entries, long *count, long runs, climit_result *result) {
    sqlite3_stmt *read;
    long *last = calloc((size_t)runs + 1, sizeof(long));
    if (!last) return fail(result, NULL);
    if (sqlite3_prepare_v2(database, "SELECT run, at, events, hash FROM journal ORDER BY sequence", -1, &read, NULL))
        return fail(result, database);
    while (sqlite3_step(read) == SQLITE_ROW) {
        if (!(*entries = grown(*entries, *count, sizeof(entry)))) return fail(result, NULL);
        entry *this = *entries + *count;
        this->run = sqlite3_column_int64(read, 0);
        this->at = sqlite3_column_int64(read, 1);
        this->events_bytes = sqlite3_column_bytes(read, 2);
        this->hash_bytes = sqlite3_column_bytes(read, 3);
        this->events = malloc((size_t)this->events_bytes);
        this->hash = malloc((size_t)this->hash_bytes);
        if (!this->events || !this->hash) return fail(result, NULL);
        memcpy(this->events, sqlite3_column_blob(read, 2), (size_t)this->events_bytes);
        memcpy(this->hash, sqlite3_column_blob(read, 3), (size_t)this->hash_bytes);
        this->is_first = last[this->run] == 0;
        this->is_last = 0;
        last[this->run] = ++*count;
    }
    for (long number = 1; number <= runs; number++)
        if (last[number]) (*entries)[last[number] - 1].is_last = 1;
    free(last);
    return sqlite3_finalize(read) ? fail(result, database) : 0;
}

static int run_once(sqlite3_stmt *statement) {
    int code = sqlite3_step(statement);
    sqlite3_reset(statement);
    return code != SQLITE_DONE && code != SQLITE_ROW;
}

static int write_rows(
    sqlite3 *database, const run *runs, const entry *entries, long count, long rows_per_commit, climit_result *result
) {
    const char *texts[] = {
        "BEGIN IMMEDIATE", "COMMIT", "SELECT epoch FROM lease",
        "INSERT INTO journal(sequence, run, at, events, hash) VALUES (?, ?, ?, ?, ?)",
        "INSERT INTO runs VALUES (?, ?, ?, ?, ?, 'running', ?, ?, ?, ?)",
        "UPDATE runs SET status = ?, updated = ? WHERE number = ?",
    };
    sqlite3_stmt *statements[6];
    for (int index = 0; index < 6; index++)
        if (sqlite3_prepare_v3(database, texts[index], -1, SQLITE_PREPARE_PERSISTENT, &statements[index], NULL))
            return fail(result, database);
    sqlite3_stmt *begin = statements[0], *commit = statements[1], *lease = statements[2], *insert = statements[3],
                 *create = statements[4], *update = statements[5];
    double start = now();
    for (long index = 0; index < count; index++) {
        const entry *this = entries + index;
        const run *owner = runs + this->run - 1;
        if (index % rows_per_commit == 0 && (run_once(begin) || run_once(lease))) return fail(result, database);
        if (this->is_first) {
            for (int column = 0, place = 1; column < run_columns; column++)
                if (column != 5) sqlite3_bind_value(create, place++, owner->columns[column]);
            if (run_once(create)) return fail(result, database);
        }
        sqlite3_bind_int64(insert, 1, index + 1);
        sqlite3_bind_int64(insert, 2, this->run);
        sqlite3_bind_int64(insert, 3, this->at);
        sqlite3_bind_text(insert, 4, this->events, this->events_bytes, SQLITE_STATIC);
        sqlite3_bind_blob(insert, 5, this->hash, this->hash_bytes, SQLITE_STATIC);
        if (run_once(insert)) return fail(result, database);
        if (this->is_last) {
            sqlite3_bind_value(update, 1, owner->columns[5]);
            sqlite3_bind_int64(update, 2, this->at);
            sqlite3_bind_int64(update, 3, this->run);
            if (run_once(update)) return fail(result, database);
        }
        if ((index + 1) % rows_per_commit == 0 || index + 1 == count) {
            if (run_once(commit)) return fail(result, database);
            result->commits++;
        }
    }
    result->seconds = now() - start;
    result->rows = count;
    for (int index = 0; index < 6; index++) sqlite3_finalize(statements[index]);
    return 0;
}

int climit_copy(const char *from, const char *to, long rows_per_commit, climit_result *result) {
    memset(result, 0, sizeof *result);
    sqlite3 *source = NULL, *target = NULL;
    run *runs = NULL;
    entry *entries = NULL;
    long run_count = 0, entry_count = 0;
    int failed = sqlite3_open_v2(from, &source, SQLITE_OPEN_READONLY, NULL) ? fail(result, source) : 0;
    failed = failed || load_runs(source, &runs, &run_count, result);
    failed = failed || load_entries(source, &entries, &entry_count, run_count, result);
    if (!failed && sqlite3_open(to, &target)) failed = fail(result, target);
    if (!failed && sqlite3_exec(target, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL", NULL, NULL, NULL))
        failed = fail(result, target);
    failed = failed || write_rows(target, runs, entries, entry_count, rows_per_commit, result);
    for (long index = 0; index < run_count; index++)
        for (int column = 0; column < run_columns; column++) sqlite3_value_free(runs[index].columns[column]);
    for (long index = 0; index < entry_count; index++) {
        free(entries[index].events);
        free(entries[index].hash);
    }
    free(runs);
    free(entries);
    sqlite3_close(source);
    sqlite3_close(target);
    return failed;
}

long climit_bytes(const char *path) {
    sqlite3 *database = NULL;
    sqlite3_stmt *read = NULL;
    long bytes = -1;
    if (!sqlite3_open_v2(path, &database, SQLITE_OPEN_READWRITE, NULL)
        && !sqlite3_prepare_v2(
            database, "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size", -1, &read, NULL)
        && sqlite3_step(read) == SQLITE_ROW)
        bytes = (long)sqlite3_column_int64(read, 0);
    sqlite3_finalize(read);
    sqlite3_close(database);
    return bytes;
}

const char *climit_version(void) { return sqlite3_libversion(); }
