import Steps
import Testing
import Workflow

struct GPUModelTests {
    @Test(
        "models are known by nvidia-smi's names and by the nodes' labels",
        arguments: [
            ("NVIDIA A100-SXM4-40GB", "A100 40GB"), ("NVIDIA-A100-SXM4-40GB", "A100 40GB"),
            ("NVIDIA A100 80GB PCIe", "A100 80GB"), ("NVIDIA-A100-SXM4-80GB-SHARED", "A100 80GB"),
            ("NVIDIA A30", "A30 24GB"), ("NVIDIA H100 80GB HBM3", "H100 80GB"), ("NVIDIA H100 PCIe", "H100 80GB"),
            ("NVIDIA H100 NVL", "H100 94GB"), ("NVIDIA-H200", "H200 141GB"), ("NVIDIA GH200 480GB", "GH200 96GB"),
            ("NVIDIA B200", "B200 180GB"),
        ])
    func known(product: String, name: String) {
        #expect(GPUModel(product: product)?.name == name)
    }

    @Test("others are not guessed at", arguments: ["Tesla T4", "NVIDIA L40S", "NVIDIA A100", "NVIDIA A10", ""])
    func unknown(product: String) {
        #expect(GPUModel(product: product) == nil)
    }

    @Test("resources are those of the model's profiles")
    func resources() throws {
        let small = try #require(GPUModel(product: "NVIDIA-A100-SXM4-40GB"))
        let large = try #require(GPUModel(product: "NVIDIA-A100-SXM4-80GB"))
        #expect(small.count(of: "nvidia.com/mig-2g.10gb") == 3)
        #expect(small.count(of: "nvidia.com/mig-1g.5gb.me") == 1)
        #expect(small.count(of: "nvidia.com/mig-7g.40gb.me") == nil)
        #expect(large.count(of: "nvidia.com/mig-3g.20gb") == nil)
        #expect(large.count(of: "nvidia.com/gpu") == nil)
        #expect([1, 2, 4].map(small.resource) == ["7g.40gb", "3g.20gb", "1g.10gb"].map { "nvidia.com/mig-\($0)" })
        #expect(
            [1, 2, 4, 8].map(large.resource) == ["7g.80gb", "3g.40gb", "1g.20gb"].map { "nvidia.com/mig-\($0)" } + [nil]
        )
    }

    @Test("GPUs are read from nvidia-smi's answer; a state that is no mode is an error that can pass")
    func reading() throws {
        let gpus = try GPU.all(
            in: "0, GPU-1, NVIDIA A100-SXM4-40GB, Enabled, Disabled\n1, GPU-2, Tesla T4, [N/A], [N/A]\n")
        #expect(
            gpus == [
                GPU(index: 0, uuid: "GPU-1", name: "NVIDIA A100-SXM4-40GB", current: .enabled, pending: .disabled),
                GPU(index: 1, uuid: "GPU-2", name: "Tesla T4", current: nil, pending: nil),
            ])
        #expect(throws: StepError.self) { try GPU.all(in: "0, GPU-1, X, [Unknown Error], Disabled") }
        #expect(throws: StepError.self) { try GPU.all(in: "NVIDIA-SMI has failed because it could not communicate") }
    }
}
