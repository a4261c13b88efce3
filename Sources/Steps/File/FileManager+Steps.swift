import Foundation
import Glibc
import SystemPackage
import Workflow

extension FileManager {
    /// Whether there is anything of that name, a link to nowhere included.
    func isThere(_ path: String) -> Bool {
        (try? attributesOfItem(atPath: path)) != nil
    }

    /// Removes files and whole folders; what is not there does not matter.
    func removeIfThere(_ paths: String...) throws {
        for path in paths {
            do { try removeItem(atPath: path) } catch CocoaError.fileNoSuchFile { continue }
        }
    }

    /// Puts a complete file in the place of another, or of none: at no moment, not even in a power cut, is there less
    /// than one of them.
    func replace(_ path: String, with complete: String) throws {
        guard rename(complete, path) == 0 else { throw Errno(rawValue: errno) }
        let folder = try FileDescriptor.open(
            URL(filePath: path).deletingLastPathComponent().path(percentEncoded: false), .readOnly,
            options: .closeOnExec)
        try folder.closeAfter {
            guard fsync(folder.rawValue) == 0 else { throw Errno(rawValue: errno) }
        }
    }
}

/// Does something with files; a failure becomes the step's.
///
/// - Parameter path: What it is about, for the error.
func files<T>(_ path: String, _ body: () throws -> T) throws(StepError) -> T {
    do {
        return try body()
    } catch let error as StepError {
        throw error
    } catch is CancellationError {
        throw StepError(.cancelled, "cancelled", object: path)
    } catch {
        throw StepError(
            .permanent, "cannot work on the file: \((error as? Errno)?.description ?? error.localizedDescription)",
            object: path, remedy: "check the path, the folder's owner and rights, and that the disk has room")
    }
}
