/// How a model of GPU can be divided, by its product name.
///
/// Profiles: NVIDIA's mig-parted, `deployments/systemd/config-default.yaml`, and the MIG user guide.
package struct GPUModel: Hashable, Sendable {
    /// For messages: `A100 80GB`.
    package let name: String
    /// How many instances of each profile fit on one GPU: `3g.40gb`.
    package let profiles: [String: Int]

    /// - Parameter product: As `nvidia-smi` writes it (`NVIDIA A100-SXM4-40GB`), or the label `nvidia.com/gpu.product`.
    package init?(product: String) {
        let words = GPUFamily.words(of: product)
        guard let series = ["A100", "A30", "H100", "GH200", "H200", "B200"].first(where: words.contains) else {
            return nil
        }
        let given = words.lazy.compactMap { $0.hasSuffix("GB") ? Int($0.dropLast(2)) : nil }.first
        let memory: Int? =
            switch series {
            case "A100": [40, 80].first { $0 == given }
            case "A30": 24
            case "H100": words.contains("NVL") ? 94 : [80, 94, 96].first { $0 == given ?? 80 }
            // Its name may tell the memory of the processor beside it: `NVIDIA GH200 480GB`.
            case "GH200": words.contains("144G") ? nil : 96
            case "H200": 141
            default: 180
            }
        guard let memory, let slices = Self.slices[memory] else { return nil }
        name = "\(series) \(memory)GB"
        profiles = slices
    }

    /// The resource of a profile, as the device plugin names it: `nvidia.com/mig-3g.40gb`.
    package static func resource(_ profile: String) -> String { "nvidia.com/mig-\(profile)" }

    /// How many of a resource one GPU can be divided into; nil where it has no such profile.
    package func count(of resource: String) -> Int? {
        guard resource.hasPrefix(Self.resource("")) else { return nil }
        let profile = resource.dropFirst(Self.resource("").count)
        // One instance may have the media engines besides; `+me` of the profile becomes `.me` of the resource.
        if profile.hasSuffix(".me") {
            return profiles[String(profile.dropLast(3))] != nil && profile.hasPrefix("1g.") ? 1 : nil
        }
        return profiles[String(profile)]
    }

    /// The largest profiles of which this many fit.
    package func resource(fitting count: Int) -> String? {
        profiles.filter { $0.value >= count }.max { Self.memory($0.key) < Self.memory($1.key) }
            .map { Self.resource($0.key) }
    }

    /// The gigabytes of a profile, with its compute slices to decide between equals.
    private static func memory(_ profile: String) -> Int {
        let numbers = profile.split { !$0.isNumber }.compactMap { Int($0) }
        return numbers.count == 2 ? numbers[1] * 10 + numbers[0] : 0
    }

    /// By the GPU's memory in gigabytes.
    private static let slices: [Int: [String: Int]] = [
        24: ["1g.6gb": 4, "2g.12gb": 2, "4g.24gb": 1],
        40: ["1g.5gb": 7, "1g.10gb": 4, "2g.10gb": 3, "3g.20gb": 2, "4g.20gb": 1, "7g.40gb": 1],
        80: ["1g.10gb": 7, "1g.20gb": 4, "2g.20gb": 3, "3g.40gb": 2, "4g.40gb": 1, "7g.80gb": 1],
        94: ["1g.12gb": 7, "2g.24gb": 3, "3g.47gb": 2, "4g.47gb": 1, "7g.94gb": 1],
        96: ["1g.12gb": 7, "2g.24gb": 3, "3g.48gb": 2, "4g.48gb": 1, "7g.96gb": 1],
        141: ["1g.18gb": 7, "1g.35gb": 4, "2g.35gb": 3, "3g.71gb": 2, "4g.71gb": 1, "7g.141gb": 1],
        180: ["1g.23gb": 7, "1g.45gb": 4, "2g.45gb": 3, "3g.90gb": 2, "4g.90gb": 1, "7g.180gb": 1],
    ]
}
