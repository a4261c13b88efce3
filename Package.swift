// swift-tools-version: 6.2
import Foundation
import PackageDescription

/// The checks every target is held to: no warning survives a build.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

let package = Package(
    name: "runner",
    products: [
        .executable(name: "runner", targets: ["runner"]),
        .library(name: "Workflow", targets: ["Workflow"]),
        .library(name: "Steps", targets: ["Steps"]),
        .library(name: "fault", type: .dynamic, targets: ["CFault"]),
    ],
    dependencies: [
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
    ],
    targets: [
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .target(name: "CLinux"),
        .target(
            name: "Workflow",
            dependencies: [
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "GRDBSQLite", package: "GRDB.swift"),
                .product(name: "Yams", package: "Yams"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "HeapModule", package: "swift-collections"),
            ],
            swiftSettings: strict
        ),
        .target(
            name: "Steps",
            dependencies: [
                "CCurl",
                "CLinux",
                "Workflow",
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "SystemPackage", package: "swift-system"),
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Yams", package: "Yams"),
            ],
            swiftSettings: strict
        ),
        .executableTarget(
            name: "runner",
            dependencies: [
                "Steps",
                "Workflow",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            swiftSettings: strict
        ),
        .executableTarget(
            name: "StandIn",
            dependencies: [
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Crypto", package: "swift-crypto"),
            ],
            path: "Tests/Sandbox/StandIn",
            swiftSettings: strict
        ),
        // Loaded into the program by tests that let its files fail; nothing links it.
        .target(name: "CFault", path: "Tests/Fault", publicHeadersPath: "."),
        .target(name: "TestSupport", path: "Tests/Support", swiftSettings: strict),
        .target(name: "Simulation", dependencies: ["Workflow"], path: "Tests/Simulation", swiftSettings: strict),
        .executableTarget(
            name: "soak",
            dependencies: ["Simulation", .product(name: "ArgumentParser", package: "swift-argument-parser")],
            path: "Tests/Soak",
            swiftSettings: strict
        ),
        .testTarget(
            name: "SimulationTests", dependencies: ["Simulation", "Workflow"], swiftSettings: strict),
        .target(name: "FuzzTargets", dependencies: ["Steps", "Workflow"], path: "Fuzz/Targets", swiftSettings: strict),
        .testTarget(name: "FuzzTests", dependencies: ["FuzzTargets", "TestSupport"], swiftSettings: strict),
        .target(name: "CLimit", path: "Benchmarks/CLimit", linkerSettings: [.linkedLibrary("sqlite3")]),
        .executableTarget(
            name: "benchmarks",
            dependencies: ["CLimit", "Workflow", .product(name: "ArgumentParser", package: "swift-argument-parser")],
            path: "Benchmarks/Program",
            swiftSettings: strict
        ),
        .testTarget(
            name: "WorkflowTests",
            dependencies: [
                "TestSupport", "Workflow", .product(name: "GRDB", package: "GRDB.swift"),
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "StepsTests", dependencies: ["StandIn", "Steps", "TestSupport", "Workflow"], swiftSettings: strict),
        .testTarget(
            name: "AcceptanceTests",
            dependencies: ["StandIn", "TestSupport", "runner", .product(name: "GRDB", package: "GRDB.swift")],
            swiftSettings: strict),
        .testTarget(
            name: "RunnerTests", dependencies: ["StandIn", "Steps", "TestSupport", "Workflow", "runner"],
            swiftSettings: strict),
    ]
)

// For `Fuzz/run` alone: the program that links libFuzzer, and what it fuzzes, built so that libFuzzer sees what is reached.
if ProcessInfo.processInfo.environment["RUNNER_FUZZ"] != nil {
    for target in package.targets where ["FuzzTargets", "Steps", "Workflow"].contains(target.name) {
        target.swiftSettings?.append(.unsafeFlags(["-sanitize=fuzzer"]))
    }
    package.targets += [
        .systemLibrary(name: "CFuzzer", path: "Fuzz/CFuzzer"),
        .executableTarget(
            name: "Fuzz", dependencies: ["CFuzzer", "FuzzTargets"], path: "Fuzz/Program", swiftSettings: strict,
            linkerSettings: [.unsafeFlags(["-sanitize=fuzzer", "-use-ld=lld"])]),
    ]
}
