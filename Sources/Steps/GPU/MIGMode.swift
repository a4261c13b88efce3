package import Workflow

/// Whether a GPU can be divided into instances (MIG, multi-instance GPU).
package enum MIGMode: String, Hashable, Sendable, Codable {
    case enabled
    case disabled

    /// As an argument of `nvidia-smi -mig`.
    var flag: String { self == .enabled ? "1" : "0" }
}

/// One GPU as `nvidia-smi` of its node shows it.
package struct GPU: Hashable, Sendable {
    package var index: Int
    /// Stays the same over reboots, which the index need not.
    package var uuid: String
    package var name: String
    /// The mode in force; nil where the GPU knows no MIG.
    package var current: MIGMode?
    /// The mode after the next reset or reboot. Where it is another one, the current one has not been left yet: what
    /// `nvidia-smi` says about it ("All done.") and the status it ends with do not tell.
    package var pending: MIGMode?

    package init(index: Int, uuid: String, name: String, current: MIGMode?, pending: MIGMode?) {
        self.index = index
        self.uuid = uuid
        self.name = name
        self.current = current
        self.pending = pending
    }

    package static let query = [
        "--query-gpu=index,uuid,name,mig.mode.current,mig.mode.pending", "--format=csv,noheader",
    ]

    /// Nil where its name does not tell.
    package var family: GPUFamily? { GPUFamily(product: name) }

    /// What is to be expected of the mode in a reboot; nil where it stays.
    package var forecast: String? {
        switch family?.keepsMode {
        case true: nil
        case false: "\(name) loses MIG mode with every reboot, and every reload of its driver"
        case nil:
            "whether \(name) keeps MIG mode over a reboot is not known: look at it again after the next one"
        }
    }

    package func isSettled(on mode: MIGMode) -> Bool { current == mode && pending == mode }

    /// The GPUs in the answer to `query`.
    package static func all(in text: String) throws(StepError) -> [GPU] {
        var gpus: [GPU] = []
        for line in text.split(whereSeparator: \.isNewline) {
            let fields = line.split(separator: ",", omittingEmptySubsequences: false).map(trimmed)
            guard fields.count == 5, let index = Int(fields[0]), !fields[1].isEmpty else {
                throw StepError(.transient, "nvidia-smi does not answer with GPUs: \(line)")
            }
            gpus.append(
                GPU(
                    index: index, uuid: fields[1], name: fields[2], current: try mode(fields[3], of: fields[1]),
                    pending: try mode(fields[4], of: fields[1])))
        }
        return gpus
    }

    private static func trimmed(_ field: Substring) -> String {
        var field = field
        while field.first?.isWhitespace == true { field.removeFirst() }
        while field.last?.isWhitespace == true { field.removeLast() }
        return String(field)
    }

    private static func mode(_ text: String, of uuid: String) throws(StepError) -> MIGMode? {
        switch text {
        case "Enabled": return .enabled
        case "Disabled": return .disabled
        case "[N/A]", "N/A", "[Not Supported]": return nil
        default:
            throw StepError(
                .transient, "the GPU's MIG mode is '\(text)'", object: uuid,
                remedy: "the GPU may need a reset or repair: look at 'nvidia-smi -q' on its node")
        }
    }
}
