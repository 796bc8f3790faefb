import ArgumentParser
import Glibc
import Loop
import UnixSignals
import ZeroMQ

struct TapCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tap",
        abstract: "Watch requests pass through stages that were started with --tap.",
        usage: "apctl tap ENDPOINT… [options]",
        discussion: """
            Prints a line for each copy: time (UTC), stage, direction, queue, id, bytes, how far the request has come, \
            and who is at the other end. A stage writes only copies that somebody wants, and waits for nobody: what \
            is too slow misses some. Ends on SIGINT or after --count copies.
            """
    )

    @Argument(help: "Where the stages publish: what --tap says there, such as tcp://127.0.0.1:5570.")
    var endpoints: [String]
    @Option(help: "Only copies of this stage; may be repeated.") var stage: [TapStage] = []
    @Option(help: "Only what stages receive, or only what they send.") var direction: TapDirection?
    @Option(help: "Only requests of this queue.") var queue: String?
    @Option(help: "Only requests whose id begins so.") var id: String?
    @Flag(help: "Print the payloads; stages send them when started with --tap-payloads.") var payloads = false
    @Option(help: "Copies printed in a second, at most; the rest is counted.") var rate: Int?
    @Flag(help: "Print the JSON documents, one a line.") var json = false
    @Option(help: "End after so many copies.") var count: Int?

    func validate() throws {
        _ = try endpoints.map(Self.endpoint)
        if let rate, rate < 1 { throw ValidationError("--rate is 1 or more.") }
        if let count, count < 1 { throw ValidationError("--count is 1 or more.") }
    }

    /// `text` with its transport: `host:port` stands for TCP.
    static func endpoint(_ text: String) throws -> String {
        let full = text.contains("://") ? text : "tcp://\(text)"
        if isPeer(full) { return full }
        throw ValidationError("\(text) is not an endpoint like tcp://host:port or ipc://path")
    }

    private static func isPeer(_ endpoint: String) -> Bool {
        if endpoint.hasPrefix("ipc://") { return endpoint.utf8.count > "ipc://".utf8.count }
        guard endpoint.hasPrefix("tcp://"), let colon = endpoint.lastIndex(of: ":"),
            let port = UInt16(endpoint[colon...].dropFirst())
        else { return false }
        let host = endpoint[..<colon].dropFirst("tcp://".count)
        return port > 0 && !host.isEmpty && host != "*"
    }

    var filter: TapFilter { TapFilter(stages: stage, direction: direction, queue: queue, id: id) }

    func run() async throws {
        let signals = await UnixSignalsSequence(trapping: [.sigint, .sigterm])
        let printer = TapPrinter(
            filter: filter, options: .init(showsPayloads: payloads, isJSON: json, rate: rate, count: count),
            isColoured: Console.isColoured)
        let reader: TapReader
        do {
            reader = try await TapReader(
                endpoints.map(Self.endpoint), printer,
                // Without a reader, as in `apctl tap … | head`, there is nothing left to do.
                out: { if !Console.out($0) { _exit(1) } },
                note: { Console.error("apctl tap: \($0)") })
        } catch let error as ZeroMQError {
            Console.error("apctl tap: \(error)\n")
            throw ExitCode(64)
        }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { for await _ in signals { break } }
            group.addTask { await reader.untilStopped() }
            await group.next()
            group.cancelAll()
            await reader.stop()
        }
    }
}
