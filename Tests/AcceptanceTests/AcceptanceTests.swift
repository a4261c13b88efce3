import Testing

/// The program as a user meets it, on a real cluster. One test after the other: they share the cluster, and each compares
/// it with what it was before.
@Suite(.serialized, Sandbox.condition)
enum AcceptanceTests {}
