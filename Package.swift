// swift-tools-version: 6.2
import PackageDescription

/// Swift 6 language mode, explicit existentials and imports, and no warnings.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),  // SE-0335
    // SE-0444. Not in release builds: there the compiler may take a struct of the C library for one of another module, and
    // whether it does depends on the order in which SwiftPM names modules.
    .enableUpcomingFeature("MemberImportVisibility", .when(configuration: .debug)),
    .enableUpcomingFeature("InternalImportsByDefault"),  // SE-0409
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),  // SE-0461
    .treatAllWarnings(as: .error),
    // Generic code of one module is compiled for the types of another, as within one module.
    .unsafeFlags(["-cross-module-optimization"], .when(configuration: .release)),
    // Exclusive access to class properties is checked in debug builds, in which all tests run; here it costs 2 % of
    // dispatch.
    .unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release)),
]

/// Also in debug builds: ten thousand simulated schedules take three minutes of a core without, and under one with.
let optimized: [SwiftSetting] = [.unsafeFlags(["-O"], .when(configuration: .debug))]

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let metrics = Target.Dependency.product(name: "CoreMetrics", package: "swift-metrics")
let tracing = Target.Dependency.product(name: "Tracing", package: "swift-distributed-tracing")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let signals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let deque = Target.Dependency.product(name: "DequeModule", package: "swift-collections")
let heap = Target.Dependency.product(name: "HeapModule", package: "swift-collections")
let protobuf = Target.Dependency.product(name: "SwiftProtobuf", package: "swift-protobuf")
let cryptoExtras = Target.Dependency.product(name: "CryptoExtras", package: "swift-crypto")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let flyingFox = Target.Dependency.product(name: "FlyingFox", package: "FlyingFox")
let flyingSocks = Target.Dependency.product(name: "FlyingSocks", package: "FlyingFox")
let subprocess = Target.Dependency.product(name: "Subprocess", package: "swift-subprocess")
// Comes with swift-subprocess, whose interface uses its paths and descriptors.
let systemPackage = Target.Dependency.product(name: "SystemPackage", package: "swift-system")

/// A module below `Sources/Shared`.
///
/// - Parameter lua: whether it has scripts, in a folder `Lua`; they are compiled in.
func shared(
    _ name: String, in folder: String = "Shared", _ dependencies: [Target.Dependency] = [], lua: Bool = false
) -> Target {
    .target(
        name: name, dependencies: dependencies, path: "Sources/\(folder)/\(name)", resources: lua ? scripts : [],
        swiftSettings: strict)
}

let scripts: [Resource] = [.embedInCode("Lua")]

/// A C library of the system: a module map and a shim header, nothing else.
///
/// Its one importer is the wrapper of its name.
func system(_ name: String, apt package: String) -> Target {
    .systemLibrary(name: name, path: "Sources/Shared/System/\(name)", providers: [.apt([package])])
}

/// An executable whose target is named otherwise than its product: a target named `dispatch` would define
/// `dispatch_main`, which is libdispatch's own function (swiftlang/swift-package-manager#3804).
func stage(
    _ name: String, _ product: String, _ dependencies: [Target.Dependency], parts: [String] = [],
    settings: [SwiftSetting] = []
) -> Target {
    .executableTarget(
        name: name,
        dependencies: ["Stage", "Settings", "Messages", "Loop", "Primitives", logging] + dependencies,
        path: "Sources/\(product)",
        exclude: parts,
        swiftSettings: strict + settings
    )
}

/// Requests that end dispatch on purpose, stages that stand for another release: in debug builds, and in the release build
/// of the fault matrix (`scripts/chaos`), never in what is shipped.
let faultHooks: [SwiftSetting] = [
    .define(
        "FAULT_HOOKS", Context.environment["FAULT_HOOKS"] == "1" ? nil : .when(configuration: .debug))
]

/// A part of one stage, such as its decisions or one kind of queue.
///
/// It is a module, so that it is tested without the executable.
func part(_ name: String, in folder: String, _ dependencies: [Target.Dependency], lua: Bool = false) -> Target {
    .target(
        name: name, dependencies: dependencies, path: "Sources/\(folder)", resources: lua ? scripts : [],
        swiftSettings: strict)
}

/// One kind of queue: a folder in `Shared/Queues` for what its processes agree on, one in `ingest`, one in `emit`, and its
/// tests.
struct QueueParts {
    /// Of the folders; the modules are called so, too, and `<name>Source` and `<name>Sink`.
    let name: String
    var format: [Target.Dependency]
    var source: [Target.Dependency]
    var sink: [Target.Dependency]
    var tests: [Target.Dependency]
    /// Whether format and source have Lua scripts.
    var hasScripts = false

    var targets: [Target] {
        let common: [Target.Dependency] = ["Messages", "Queue"]
        let own: Target.Dependency = .init(stringLiteral: name)
        let (sourceName, sinkName) = ("\(name)Source", "\(name)Sink")
        let parts: [Target.Dependency] = [own, .init(stringLiteral: sourceName), .init(stringLiteral: sinkName)]
        return [
            shared(name, in: "Shared/Queues", common + format, lua: hasScripts),
            part(sourceName, in: "ingest/\(name)", common + [own] + source, lua: hasScripts),
            part(sinkName, in: "emit/\(name)", common + [own] + sink),
            testTarget("\(name)Tests", all: parts + common + ["QueueConformance", "Primitives"] + tests),
        ]
    }
}

let queueKinds = [
    QueueParts(
        name: "GooglePubSub", format: ["GoogleAuth", "HTTP", "Loop"], source: ["Loop", deque, logging],
        sink: ["Loop", "Primitives", heap],
        tests: ["GoogleAuth", "HTTP", "Loop", "TestServers", logging, flyingFox, flyingSocks]),
    QueueParts(
        name: "RedisPubSub", format: ["Redis", "RedisQueues"], source: ["Redis", "RedisQueues", logging],
        sink: ["Redis", "RedisQueues"], tests: ["Redis", "RedisQueues", "TestServers", logging],
        hasScripts: true),
    QueueParts(
        name: "RedisSortedSet", format: ["Redis", "RedisQueues"],
        source: ["Redis", "RedisQueues", "Primitives", logging],
        sink: ["Redis", "RedisQueues", logging], tests: ["Redis", "RedisQueues", "TestServers", logging],
        hasScripts: true),
    QueueParts(name: "SQLite", format: [grdb], source: ["Primitives", grdb], sink: [grdb], tests: [grdb]),
]
let queueFolders = queueKinds.map(\.name)
let sources = queueFolders.map { Target.Dependency(stringLiteral: "\($0)Source") }
let sinks = queueFolders.map { Target.Dependency(stringLiteral: "\($0)Sink") }

/// - Parameter data: folders of files that tests read where they are.
func testTarget(_ name: String, all dependencies: [Target.Dependency], data: [String] = []) -> Target {
    .testTarget(
        name: name, dependencies: dependencies, path: "Tests/\(name)", exclude: data, swiftSettings: strict)
}

func testTarget(_ name: String, _ dependencies: Target.Dependency..., data: [String] = []) -> Target {
    testTarget(name, all: dependencies, data: data)
}

let pipeline = "Shared/Pipeline"

let package = Package(
    name: "async-processor",
    products: [
        .executable(name: "ingest", targets: ["IngestStage"]),
        .executable(name: "dispatch", targets: ["DispatchStage"]),
        .executable(name: "retry", targets: ["RetryStage"]),
        .executable(name: "emit", targets: ["EmitStage"]),
        .executable(name: "apctl", targets: ["Apctl"]),
        // For scripts/chaos alone: it is not installed, nor part of the image.
        .executable(name: "chaos", targets: ["ChaosProgram"]),
        // For scripts/microbench alone.
        .executable(name: "microbench", targets: ["Microbench"]),
        // For scripts/bench alone, likewise.
        .executable(name: "bench", targets: ["BenchProgram"]),
    ],
    // Exactly these: a lock file cannot be kept, since the ids of commits differ between mirrors. CONTRIBUTING says how to
    // move them.
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", exact: "2.13.0"),
        .package(url: "https://github.com/apple/swift-distributed-tracing", exact: "1.7.3"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", exact: "2.13.0"),
        .package(url: "https://github.com/apple/swift-collections", exact: "1.6.0"),
        // Without its two traits, which nothing here uses.
        .package(url: "https://github.com/apple/swift-protobuf", exact: "1.39.0", traits: []),
        .package(url: "https://github.com/apple/swift-crypto", exact: "4.5.2"),
        .package(url: "https://github.com/groue/GRDB.swift", exact: "7.10.0"),
        .package(url: "https://github.com/swhitty/FlyingFox", exact: "0.27.1"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", exact: "1.0.2"),
        .package(url: "https://github.com/apple/swift-system", exact: "1.8.1"),
    ],
    targets: [
        .systemLibrary(name: "CEpoll", path: "Sources/Shared/System/CEpoll"),
        .systemLibrary(name: "CProcess", path: "Sources/Shared/System/CProcess"),
        system("CZeroMQ", apt: "libzmq3-dev"),
        system("CHiredis", apt: "libhiredis-dev"),
        system("CCurl", apt: "libcurl4-openssl-dev"),
        system("CZlib", apt: "zlib1g-dev"),

        // What the standard library lacks: clocks, a generator with a seed.
        shared("Primitives"),
        shared("Messages", in: pipeline),
        .target(
            name: "Links", dependencies: ["Primitives", deque], path: "Sources/Shared/Pipeline/Links",
            swiftSettings: strict + optimized),
        .target(
            name: "Wire", dependencies: ["Messages", "Links", protobuf], path: "Sources/Shared/Pipeline/Wire",
            exclude: ["wire.proto"], swiftSettings: strict + faultHooks),
        shared("Loop", in: pipeline, ["CEpoll", "Primitives", heap]),
        shared("Queue", in: pipeline, ["GateRules", "Messages", logging]),
        // Not "Metrics": swift-metrics has a target of that name, and names are unique across a package graph.
        .target(
            name: "PipelineMetrics", dependencies: [metrics], path: "Sources/Shared/Pipeline/Metrics",
            swiftSettings: strict),
        // Not "Tracing", for the same reason.
        .target(
            name: "PipelineTracing",
            dependencies: [
                "HTTP", "Loop", "Messages", "PipelineMetrics", "Primitives", "Queue", deque, logging, tracing,
            ],
            path: "Sources/Shared/Pipeline/Tracing",
            swiftSettings: strict),
        shared("Status", in: pipeline, ["CEpoll", "PipelineMetrics", "Primitives", logging, lifecycle]),
        // What gates are told and what they decide; and their sources.
        shared("GateRules", in: pipeline, ["Messages"]),
        shared(
            "Gates", in: pipeline,
            [
                "GateRules", "HTTP", "Loop", "Messages", "PipelineMetrics", "Primitives", "Queue", "Redis", "Status",
                logging,
            ], lua: true),
        shared("Tap", in: pipeline, ["Messages", "Loop", "Primitives", "PipelineMetrics", "ZeroMQ", logging]),
        shared(
            "Settings", in: pipeline,
            ["GateRules", "Intake", "Messages", "Primitives", "Queue", "RetryPolicy", argumentParser, logging]),
        shared(
            "Stage", in: pipeline,
            [
                "Messages", "Links", "Wire", "Loop", "Queue", "HTTP", "PipelineMetrics", "PipelineTracing",
                "Primitives", "Status", "Settings", "Tap", "ZeroMQ", deque, logging, lifecycle, signals, metrics,
                tracing,
            ]),

        shared("ZeroMQ", ["CZeroMQ"]),
        shared("HTTP", ["CCurl", "CEpoll", "CZlib", "Loop", "Messages", "Primitives"]),
        shared("Redis", ["CHiredis", "Queue", "Messages"], lua: true),
        shared("GoogleAuth", ["HTTP", "Loop", "Messages", "Primitives", cryptoExtras]),
        shared("GatewaySimulator", ["Loop", "Messages", "Primitives", deque, heap]),

        // What queues on Redis have in common.
        shared("RedisQueues", in: "Shared/Queues", ["Redis", "Queue", "Messages", "Primitives"], lua: true),

        part("Intake", in: "ingest/Intake", ["Messages", "Queue"]),
        part("Forecasts", in: "ingest/Forecasts", ["Queue"]),

        stage(
            "IngestStage", "ingest",
            [
                "Forecasts", "GateRules", "Gates", "Intake", "GooglePubSub", "Links", "Queue", "Redis",
                "PipelineMetrics", "PipelineTracing", "Status", "Tap", deque, tracing,
            ] + sources,
            parts: ["Forecasts", "Intake"] + queueFolders),
        part(
            "Attempts", in: "dispatch/Attempts", ["HTTP", "Loop", "Messages", "PipelineTracing", "Primitives", tracing]),
        part("Gateways", in: "dispatch/Gateways", ["Attempts", "HTTP", "Messages"]),
        part("Pools", in: "dispatch/Pools", ["Messages"]),
        stage(
            "DispatchStage", "dispatch",
            [
                "Attempts", "GateRules", "Gates", "Gateways", "HTTP", "Links", "PipelineMetrics", "Pools", "Queue",
                "Status", deque,
            ],
            parts: ["Attempts", "Gateways", "Pools"], settings: faultHooks),
        part("RetryPolicy", in: "retry/Policy", ["Messages"]),
        stage(
            "RetryStage", "retry", ["RetryPolicy", "PipelineMetrics", "PipelineTracing", "Queue", tracing],
            parts: ["Policy"]),
        stage(
            "EmitStage", "emit",
            [
                "GateRules", "Gates", "Links", "GooglePubSub", "Queue", "Redis", "PipelineMetrics", "PipelineTracing",
                "Tap", deque, tracing,
            ] + sinks,
            parts: queueFolders),
        .executableTarget(
            name: "Apctl",
            dependencies: [
                "CProcess", "GateRules", "GatewaySimulator", "HTTP", "Loop", "Messages", "Primitives", "Queue", "Redis",
                "RedisPubSub", "RedisQueues", "RedisSortedSet", "SQLite", "Settings", "Status", "ZeroMQ",
                argumentParser, crypto, grdb, signals, subprocess, systemPackage,
            ],
            path: "Sources/apctl",
            resources: [.embedInCode("DeadLetters/Lua"), .embedInCode("UI/Page")],
            swiftSettings: strict),

        shared("Processes", in: "Shared/TestSupport"),
        shared("Reports", in: "Shared/TestSupport"),
        .target(
            name: "LinkSimulator", dependencies: ["Links", "Primitives", deque, heap],
            path: "Sources/Shared/TestSupport/LinkSimulator", swiftSettings: strict + optimized),
        shared(
            "LinkBench", in: "Shared/TestSupport", ["Links", "Stage", "Loop", "Messages", "PipelineMetrics", logging]),
        shared("QueueConformance", in: "Shared/TestSupport", ["Messages", "Primitives", "Queue"]),
        shared("RedisListQueue", in: "Shared/TestSupport", ["Messages", "Queue", "Redis"], lua: true),
        .target(
            name: "SettlementModel", dependencies: ["Messages", "Primitives", "Queue"],
            path: "Sources/Shared/TestSupport/SettlementModel", swiftSettings: strict + optimized),

        .target(
            name: "TestServers", dependencies: ["Messages", "Redis"], path: "Sources/Shared/TestSupport/Servers",
            swiftSettings: strict),
        shared(
            "Chaos", in: "Shared/TestSupport",
            [
                "Processes", "TestServers", "Reports", "GatewaySimulator", "Messages", "Queue", "Redis", "RedisQueues",
                "SQLite", grdb,
            ]),
        shared(
            "Oddities", in: "Shared/TestSupport",
            ["Chaos", "Processes", "TestServers", "GatewaySimulator", "Redis"]),
        .executableTarget(
            name: "ChaosProgram",
            dependencies: [
                "Chaos", "Oddities", "Processes", "Queue", "Reports", "Settings", "TestServers", argumentParser,
            ],
            path: "Sources/Shared/TestSupport/ChaosProgram", swiftSettings: strict),
        .executableTarget(
            name: "Microbench",
            dependencies: [
                "Attempts", "Gateways", "HTTP", "Intake", "LinkSimulator", "Links", "Loop", "Messages",
                "PipelineMetrics", "Queue", "Redis", "Primitives", "RedisSortedSet", "RetryPolicy", "Tap", "Wire",
                "ZeroMQ", argumentParser, deque, logging,
            ],
            path: "bench/Micro", exclude: ["README.md"], swiftSettings: strict),
        .target(
            name: "Bench",
            dependencies: [
                "CEpoll", "CCurl", "CProcess", "Processes", "TestServers", "Reports", "Redis", "SQLite", "ZeroMQ", grdb,
                deque,
            ],
            path: "bench/Harness", swiftSettings: strict),
        .executableTarget(
            name: "BenchProgram", dependencies: ["Bench", "HTTP", "Processes", "Reports", argumentParser],
            path: "bench/Program", swiftSettings: strict),
        testTarget("BenchTests", "Bench", "Reports", "Processes", "TestServers"),
        testTarget("ChaosTests", "Chaos", "Queue", "Reports", "GatewaySimulator", "Messages", "TestServers", "Redis"),
        testTarget("DeployTests", "Processes"),
        testTarget("OddityTests", "Oddities", "Processes"),
        testTarget("RedisTests", "Redis", "TestServers", "Messages", "Queue"),
        testTarget("RedisListTests", "RedisListQueue", "Queue", "QueueConformance", "Redis", "TestServers"),
        testTarget(
            "EndToEndTests", "Chaos", "Processes", "TestServers", "GatewaySimulator", "Messages", "Queue", "Redis",
            "RedisQueues", "RedisSortedSetSource", "SQLite", grdb, data: ["Collector"]),
        testTarget(
            "EmitStageTests", "EmitStage", "GateRules", "Gates", "LinkBench", "Links", "Loop", "Messages",
            "PipelineMetrics", "PipelineTracing", "Primitives", "Queue", "Redis", "Stage", "TestServers", logging,
            tracing),
        testTarget(
            "IngestStageTests", "Forecasts", "IngestStage", "Intake", "LinkBench", "Links", "Loop", "Messages",
            "PipelineMetrics", "PipelineTracing", "Primitives", "Queue", "Stage", logging, tracing),
        testTarget("GoogleAuthTests", "GoogleAuth", "HTTP", "Loop", "Primitives", cryptoExtras, flyingFox, flyingSocks),
        testTarget("ForecastsTests", "Forecasts", "Primitives", "Queue"),
        testTarget("IntakeTests", "GateRules", "Intake", "Messages", "Queue"),
        testTarget("LoopTests", "Loop", "Primitives"),
        testTarget("MessagesTests", "Messages", "Primitives"),
        testTarget("RetryPolicyTests", "RetryPolicy", "Messages"),
        testTarget(
            "StageTests", "Stage", "LinkBench", "Links", "Loop", "Messages", "PipelineMetrics", "Queue", "Settings",
            "Status", "Tap", "TestServers", "Wire", "ZeroMQ", logging, lifecycle),
        testTarget("ZeroMQTests", "ZeroMQ"),
        testTarget("MetricsTests", "PipelineMetrics", metrics),
        testTarget(
            "TracingTests", "PipelineTracing", "HTTP", "Loop", "Messages", "PipelineMetrics", "Primitives",
            "TestServers", logging, flyingFox, flyingSocks, tracing),
        testTarget("StatusTests", "Status", "PipelineMetrics", "Primitives", "TestServers", logging, lifecycle),
        testTarget(
            "SettingsTests", "Settings", "GateRules", "Intake", "Messages", "Queue", "RetryPolicy", argumentParser,
            logging),
        testTarget("GateRulesTests", "GateRules", "Messages"),
        testTarget(
            "GatesTests", "Gates", "GateRules", "Loop", "Messages", "PipelineMetrics", "Redis", "TestServers", logging,
            flyingFox, flyingSocks),
        testTarget("GatewaySimulatorTests", "GatewaySimulator", "Messages"),
        testTarget(
            "ApctlTests", "Apctl", "GatewaySimulator", "Loop", "Messages", "Primitives", "Queue", "Redis",
            "RedisPubSub", "RedisPubSubSink", "RedisPubSubSource", "RedisQueues", "RedisSortedSet",
            "RedisSortedSetSink", "RedisSortedSetSource", "SQLite", "SQLiteSink", "SQLiteSource", "Settings",
            "TestServers", "ZeroMQ", argumentParser, crypto, logging, subprocess, systemPackage),
        testTarget("HTTPTests", "HTTP", "CZlib", "Loop", "Messages"),
        testTarget(
            "AttemptsTests", "Attempts", "HTTP", "Loop", "Messages", "GatewaySimulator", "PipelineTracing",
            "Primitives", tracing),
        testTarget("DispatchStageTests", "DispatchStage"),
        testTarget("GatewaysTests", "Gateways", "Attempts", "Messages", "Primitives"),
        testTarget("PoolsTests", "Pools", "Primitives", heap, data: ["Traces"]),
        testTarget("LinksTests", "Links", "LinkSimulator", "Primitives"),
        testTarget("WireTests", "Wire", "Links", "LinkSimulator", "Messages", "Primitives", protobuf),
        testTarget("TapTests", "Tap", "Loop", "Messages", "Primitives", "PipelineMetrics", "ZeroMQ", logging),
        testTarget(
            "SettlementModelTests", "SettlementModel", "SQLite", "SQLiteSource", "SQLiteSink", "RedisSortedSet",
            "RedisSortedSetSource", "RedisSortedSetSink", "Redis", "TestServers", "Queue", "Messages", grdb, logging),
    ] + queueKinds.flatMap(\.targets)
)
