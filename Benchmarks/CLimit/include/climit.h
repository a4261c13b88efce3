#ifndef CLIMIT_H
#define CLIMIT_H

/// What a copy took, or why it failed.
typedef struct {
    double seconds;
    long rows;
    long commits;
    /// Empty where all went well.
    char message[256];
} climit_result;

/// Writes the rows of a finished journal into an empty one, as fast as this machine's SQLite can with the same
/// durability (WAL, `synchronous=FULL`): the limit that an engine is measured against.
///
/// All rows are in memory before the clock starts. What is timed: for each transaction its begin, the look at the
/// lease, one insert for each row of `journal` (the hash is copied, not computed), the row of `runs` before a run's
/// first entry, its last status with a run's last entry, and the commit. Nothing is decided and no text is made.
///
/// - `from`: a finished journal. `to`: one with the same tables and no runs.
/// - `rows_per_commit`: at least 1.
/// - Returns: 0, or 1 with a message.
int climit_copy(const char *from, const char *to, long rows_per_commit, climit_result *result);

/// The size of a database, with what is still in its log only; -1 where it cannot be read.
long climit_bytes(const char *path);

const char *climit_version(void);

#endif
