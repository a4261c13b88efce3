package import Workflow

/// `gpu.mig`: the MIG mode of one GPU.
///
/// `nvidia-smi` ends with "All done." and 0 where the mode is only pending, and may end with another status where nothing
/// was to be done. So it is the queried mode that counts: before, after, and after each further means.
package struct GPUPartitioning: StepKind {
    package let name = "gpu.mig"
    package let summary = "Sets the MIG mode of one GPU, and says whether it is in force or still pending."
    package let reverting = Reverting.automatic
    package let parameters =
        [
            Parameter("node", .string, required: true, "The GPU's node."),
            Parameter("gpu", .string(pattern: "(GPU|MIG)-.+"), required: true, "The GPU's UUID."),
            Parameter("mode", .oneOf("enabled", "disabled"), default: "enabled", "The mode."),
            Parameter("reset", .boolean, default: true, "Resets the GPU where the mode stays pending; needs it idle."),
            Parameter(
                "allow_pending", .boolean, default: false,
                "A mode that only a reboot can bring is no error: the output `pending` is true then."),
            Parameter(
                "settled_later", .boolean, default: false,
                "In a rollback, another step (`gpu.settle`) sees to an old mode that stays pending."),
        ] + NvidiaSMI.parameters + ClusterAccess.parameters
    package let outputs = [
        Parameter("node", .string, "The GPU's node."),
        Parameter("gpu", .string, "The GPU's UUID."),
        Parameter("mode", .string, "The mode in force: `enabled` or `disabled`."),
        Parameter("pending", .boolean, "Whether the mode that was asked for waits for a reset or reboot."),
        Parameter(
            "survives_reboot", .boolean, "Whether the GPU keeps the mode over a reboot; null where it is not known."),
    ]

    private let access: ClusterAccess

    package init(_ access: ClusterAccess) {
        self.access = access
    }

    package func observe(_ input: StepInput, _ context: StepContext) async throws -> Observation {
        let wish = try GPUWish(input, access)
        let gpu = try await wish.driver.gpu(wish.uuid)
        guard let current = gpu.current, let pending = gpu.pending else { throw wish.knowsNoMIG(gpu) }
        if gpu.isSettled(on: wish.mode) { return .present(wish.output(gpu)) }
        let changes = [("current", current), ("pending", pending)].filter { $0.1 != wish.mode }.map { name, mode in
            Change("\(wish.object) mig.mode.\(name)", from: .string(mode.rawValue), to: .string(wish.mode.rawValue))
        }
        return .differs(
            changes, prior: ["current": .string(current.rawValue), "pending": .string(pending.rawValue)])
    }

    package func apply(_ input: StepInput, prior: Value?, _ context: StepContext) async throws -> StepOutput {
        let wish = try GPUWish(input, access)
        let change = try await wish.bring(to: wish.mode, context)
        let gpu = change.gpu
        if wish.mode == .enabled, let forecast = gpu.forecast { context.log(.note, forecast) }
        if gpu.isSettled(on: wish.mode) { return wish.output(gpu) }
        guard gpu.pending == wish.mode else {
            throw StepError(
                change.isHopeless ? .permanent : .transient,
                "MIG mode could not be \(wish.mode.rawValue): \(change.said)",
                object: wish.object, remedy: "stop what uses the GPU, then resume the run")
        }
        let waiting = "MIG mode is pending, and not in force: \(change.said)"
        guard wish.allowsPending else {
            throw StepError(
                .transient, waiting, object: wish.object, remedy: "stop what uses the GPU, or reboot its node")
        }
        context.log(.note, waiting)
        return wish.output(gpu)
    }

    package func revert(
        _ input: StepInput, output: StepOutput?, prior: Value?, _ context: StepContext
    ) async throws -> [String] {
        guard let former = prior?["current"]?.stringValue.flatMap(MIGMode.init) else { return [] }
        let wish = try GPUWish(input, access)
        guard try await wish.isNodeThere() else { return [] }
        let change = try await wish.bring(to: former, context)
        if change.gpu.isSettled(on: former) { return [] }
        guard change.gpu.pending == former else {
            throw StepError(
                .transient, "MIG mode could not be \(former.rawValue) again: \(change.said)", object: wish.object,
                remedy: "stop what uses the GPU or its instances, then roll back again")
        }
        if try input.flag("settled_later") { return [] }
        return ["\(wish.object): MIG mode is \(former.rawValue) again only after the node's next reboot"]
    }
}

/// One GPU, and what is wanted of it.
private struct GPUWish {
    let driver: NvidiaSMI
    let uuid: String
    let mode: MIGMode
    let resets: Bool
    let allowsPending: Bool

    init(_ input: StepInput, _ access: ClusterAccess) throws(StepError) {
        driver = try NvidiaSMI(
            input, Kubectl(try access.overridden(by: input)), node: try input.string("node"))
        uuid = try input.string("gpu")
        mode = try input.string("mode") == "disabled" ? .disabled : .enabled
        resets = try input.flag("reset")
        allowsPending = try input.flag("allow_pending")
    }

    var object: String { "node/\(driver.node) \(uuid)" }

    func isNodeThere() async throws(StepError) -> Bool {
        try await ClusterNodes(driver.kubectl).ifThere(driver.node) != nil
    }

    func knowsNoMIG(_ gpu: GPU) -> StepError {
        StepError(.permanent, "\(gpu.name) knows no MIG", object: object, remedy: "leave this GPU out")
    }

    func output(_ gpu: GPU) -> StepOutput {
        StepOutput([
            "node": .string(driver.node), "gpu": .string(uuid), "mode": .string((gpu.current ?? .disabled).rawValue),
            "pending": .bool(gpu.current != gpu.pending),
            "survives_reboot": gpu.family.map { .bool($0.keepsMode) } ?? .null,
        ])
    }

    /// How a GPU is after everything was tried, and what was said to it.
    struct Outcome {
        var gpu: GPU
        var said: String
        /// It was refused for good.
        var isHopeless: Bool
    }

    /// Sets the mode, by a reset where it needs one. Nothing is done where it is in force already.
    func bring(to mode: MIGMode, _ context: StepContext) async throws(StepError) -> Outcome {
        var gpu = try await driver.gpu(uuid)
        guard gpu.current != nil else { throw knowsNoMIG(gpu) }
        if gpu.isSettled(on: mode) { return Outcome(gpu: gpu, said: "", isHopeless: false) }
        var said: [String] = []
        // A GPU that is divided cannot leave the mode. Where there is no instance, these two fail.
        if mode == .disabled, gpu.current == .enabled {
            said.append(try await call(["mig", "-i", uuid, "-dci"], context))
            said.append(try await call(["mig", "-i", uuid, "-dgi"], context))
        }
        said.append(try await call(["-i", uuid, "-mig", mode.flag], context))
        gpu = try await driver.gpu(uuid)
        if resets, gpu.current != mode, gpu.pending == mode {
            said.append(try await call(["--gpu-reset", "-i", uuid], context))
            gpu = try await driver.gpu(uuid)
        }
        let text = said.filter { !$0.isEmpty }.joined(separator: "; ")
        let isHopeless = ["Insufficient Permissions", "Not Supported", "No devices were found"].contains(
            where: text.contains)
        return Outcome(gpu: gpu, said: text, isHopeless: isHopeless)
    }

    private func call(_ arguments: [String], _ context: StepContext) async throws(StepError) -> String {
        context.log(.note, "nvidia-smi \(arguments.joined(separator: " "))")
        let result = try await driver.run(arguments) { line in
            context.log(line.stream == .output ? .stdout : .stderr, line.text)
        }
        let text = result.output.text.split(whereSeparator: \.isNewline).map(String.init)
            .filter { $0 != "All done." && !$0.isEmpty }
        return Excerpt.end(of: text.joined(separator: "\n")).replacing("\n", with: " ")
    }
}
