import Steps
import Testing
import Workflow

struct GPUFamilyTests {
    @Test(
        "families are known by nvidia-smi's names and by the nodes' labels, also where the profiles are not",
        arguments: [
            (
                GPUFamily.ampere,
                [
                    "NVIDIA A100-SXM4-40GB", "NVIDIA-A100-80GB-PCIe-SHARED", "NVIDIA A100", "NVIDIA A100X",
                    "NVIDIA A30",
                    "NVIDIA A30X", "NVIDIA A800-SXM4-80GB",
                ]
            ),
            (
                .hopper,
                [
                    "NVIDIA H100 NVL", "NVIDIA H200", "NVIDIA-H200-NVL", "NVIDIA H20", "NVIDIA H20-3e", "NVIDIA H800",
                    "NVIDIA GH200 480GB", "NVIDIA GH200 144G HBM3e", "NVIDIA-GH200-480GB",
                ]
            ),
            (
                .blackwell,
                [
                    "NVIDIA B100", "NVIDIA B200", "NVIDIA-B300-SXM6-AC", "NVIDIA GB200", "NVIDIA GB300",
                    "NVIDIA RTX PRO 6000 Blackwell Server Edition", "NVIDIA-RTX-PRO-5000-Blackwell",
                ]
            ),
        ])
    func known(family: GPUFamily, products: [String]) {
        #expect(products.filter { GPUFamily(product: $0) != family } == [])
    }

    @Test(
        "of others nothing is promised",
        arguments: ["Tesla T4", "NVIDIA L40S", "NVIDIA A10", "NVIDIA A40", "NVIDIA R100", "NVIDIA XH100", ""])
    func unknown(product: String) {
        #expect(GPUFamily(product: product) == nil)
    }

    @Test("only Ampere keeps the mode over a reboot; what is not known is said to be so")
    func keeping() {
        #expect(GPUFamily.ampere.keepsMode)
        #expect(!GPUFamily.hopper.keepsMode && !GPUFamily.blackwell.keepsMode)
        let forecasts = ["NVIDIA A30", "NVIDIA GB200", "NVIDIA R100"].map {
            GPU(index: 0, uuid: "GPU-1", name: $0, current: .enabled, pending: .enabled).forecast
        }
        #expect(forecasts[0] == nil)
        #expect(forecasts[1]?.contains("NVIDIA GB200 loses MIG mode with every reboot") == true)
        #expect(forecasts[2]?.contains("whether NVIDIA R100 keeps MIG mode over a reboot is not known") == true)
    }
}
