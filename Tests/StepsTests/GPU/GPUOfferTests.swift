import Steps
import Testing
import Workflow

struct GPUOfferTests {
    private func node(
        _ product: String, partitioned: Bool = true, offers: [String: String] = [:]
    ) -> ClusterNode {
        var labels: [String: Value] = ["nvidia.com/gpu.product": .string(product)]
        if partitioned { labels["cdmo.clear.ml/gpu-partitioning"] = "mig" }
        return ClusterNode([
            "metadata": ["name": "n", "labels": .object(labels)],
            "status": ["allocatable": .object(offers.mapValues { .string($0) })],
        ])
    }

    private func offer(_ nodes: ClusterNode...) -> GPUOffer {
        GPUOffer(nodes, partitioned: "cdmo.clear.ml/gpu-partitioning=mig")
    }

    @Test("profiles of the guide's example do not fit other models, and the error says which do")
    func wrongModel() throws {
        let faults = offer(node("NVIDIA-A100-SXM4-80GB")).faults(
            in: ["nvidia.com/mig-3g.20gb": ["half"], "nvidia.com/mig-7g.80gb": ["whole"]])
        #expect(faults.warnings == [])
        let error = try #require(faults.errors.first)
        #expect(faults.errors.count == 1)
        #expect(error.hasPrefix("nvidia.com/mig-3g.20gb (queue half); A100 80GB has "))
        #expect(error.contains("nvidia.com/mig-3g.40gb"))
    }

    @Test("profiles count where GPUs are divided on demand, or where a node offers them")
    func partitioning() {
        let wanted: [String: Set<String>] = ["nvidia.com/mig-3g.20gb": []]
        #expect(offer(node("NVIDIA-A100-SXM4-40GB")).faults(in: wanted).errors == [])
        #expect(offer(node("NVIDIA-A100-SXM4-40GB", partitioned: false)).faults(in: wanted).errors.count == 1)
        #expect(
            offer(node("?", partitioned: false, offers: ["nvidia.com/mig-3g.20gb": "2"])).faults(in: wanted).errors
                == [])
        #expect(offer(node("?", offers: ["nvidia.com/mig-3g.20gb": "0"])).faults(in: wanted).errors.count == 1)
    }

    @Test("of a model whose profiles are not known, none is ruled out")
    func strangers() throws {
        let offer = offer(node("NVIDIA-GB300"), node("NVIDIA-A30"))
        let faults = offer.faults(in: ["nvidia.com/mig-1g.35gb": ["small"], "nvidia.com/gpus": []])
        #expect(faults.errors.count == 1)
        #expect(faults.warnings.count == 1)
        let warning = try #require(faults.warnings.first)
        #expect(warning.contains("nvidia.com/mig-1g.35gb (queue small)") && warning.contains("NVIDIA-GB300"))
        #expect(offer.fractions == [:])
    }

    @Test("whole GPUs that are there are named; resources of others are a warning")
    func others() {
        let offer = offer(node("Tesla-T4", partitioned: false, offers: ["nvidia.com/gpu": "1", "cpu": "8"]))
        let faults = offer.faults(
            in: ["nvidia.com/mig-3g.20gb": [], "nvidia.com/gpu": [], "clear.ml/fraction-1": ["a", "b"], "cpu": []])
        #expect(faults.errors == ["nvidia.com/mig-3g.20gb; there is nvidia.com/gpu"])
        #expect(
            faults.warnings
                == ["no node shows clear.ml/fraction-1 (queue a, b): pods that ask for it may wait for ever"])
    }

    @Test("fractions are given where all nodes have one model")
    func fractions() {
        #expect(
            offer(node("NVIDIA-A100-SXM4-80GB"), node("NVIDIA-A100-80GB-PCIe")).fractions
                == [
                    "1.00": "nvidia.com/mig-7g.80gb", "0.50": "nvidia.com/mig-3g.40gb",
                    "0.25": "nvidia.com/mig-1g.20gb",
                ])
        #expect(offer(node("NVIDIA-A100-SXM4-80GB"), node("NVIDIA-A30")).fractions == [:])
    }
}
