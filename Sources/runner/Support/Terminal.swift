import Foundation
import Glibc

extension String {
    /// The text with blanks behind it, for a column of that many characters.
    func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}

/// Where texts go: results to standard output, all else to standard error.
///
/// Written with the plain system call: a reader that goes away, as in `runner logs last | head`, must neither end a run
/// nor crash the program.
enum Terminal {
    static func print(_ text: String) { write(text + "\n", to: STDOUT_FILENO) }

    static func complain(_ text: String) { note(text.hasPrefix("error") ? text : "error: " + text) }

    static func note(_ text: String) { write(text + "\n", to: STDERR_FILENO) }

    /// Writes to standard output as it stands, without a line end.
    static func draw(_ text: String) { write(text, to: STDOUT_FILENO) }

    /// Whether a live view and colours make sense.
    static func isInteractive(_ environment: [String: String]) -> Bool {
        isatty(STDOUT_FILENO) == 1 && environment["TERM"] != "dumb"
    }

    /// Whether standard output still has a reader.
    static var isHeard: Bool {
        var output = pollfd(fd: STDOUT_FILENO, events: 0, revents: 0)
        return poll(&output, 1, 0) < 1 || output.revents & Int16(POLLERR) == 0
    }

    /// The terminal's width and height in characters.
    static var size: (columns: Int, rows: Int) {
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else {
            return (80, 24)
        }
        return (Int(size.ws_col), Int(size.ws_row))
    }

    private static func write(_ text: String, to descriptor: Int32) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if errno == EAGAIN {
                var output = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                poll(&output, 1, -1)
            } else if errno != EINTR {
                // Nobody reads it, or the disk behind it is full: the work goes on all the same.
                return
            }
        }
    }
}
