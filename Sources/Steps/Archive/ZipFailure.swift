/// Why an archive was not unpacked. Nothing has changed at the target.
package struct ZipFailure: Error, Sendable, CustomStringConvertible {
    package enum Kind: Sendable {
        case notFound
        /// Not a ZIP file, or one with a part missing.
        case damaged
        /// It would write where it must not, or is made to deceive.
        case unsafe
        case tooLarge
        /// The file system or the machine refused.
        case system
        /// `unzip` could not be run to its end.
        case process(ProcessFailure)
    }

    package let kind: Kind
    /// Of the archive.
    package let path: String
    package let message: String

    package init(_ kind: Kind, path: String, message: String) {
        self.kind = kind
        self.path = path
        self.message = message
    }

    /// What the operator can do.
    package var remedy: String {
        switch kind {
        case .notFound: "check the path, and the step that was to put the file there"
        case .damaged: "fetch the archive again and compare its checksum"
        case .unsafe: "do not use this archive; ask its author for a correct one"
        case .tooLarge: "check that it is the right archive; raise the limit if it is"
        case .system: "correct what the message names, then resume the run"
        case .process(let failure): failure.remedy
        }
    }

    package var description: String {
        let cause = if case .process(let failure) = kind { " (\(failure.message))" } else { "" }
        return "\(path): \(message)\(cause)\n  fix: \(remedy)"
    }
}
