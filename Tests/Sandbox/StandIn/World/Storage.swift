import Foundation

/// Keeps the world in a file, so that a restart finds it again.
struct Storage: Sendable {
    /// nil keeps it in memory alone.
    let file: URL?

    /// What was kept; an empty world where nothing was.
    func load() throws -> World {
        guard let file, FileManager.default.fileExists(atPath: file.path) else { return World() }
        return try JSONDecoder().decode(World.self, from: Data(contentsOf: file))
    }

    /// Replaces what is kept, whole or not at all.
    func save(_ world: World) throws {
        guard let file else { return }
        try JSONEncoder().encode(world).write(to: file, options: .atomic)
    }
}
