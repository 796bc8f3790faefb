import ArgumentParser
import Foundation
import Loop
import UnixSignals

struct UICommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ui",
        abstract: "The pipeline as a page for a browser: what `top`, `where` and `dead-letters` say, with graphs.",
        usage: "apctl ui [--port PORT] [--allow-changes] [--ingest ADDRESS] … [queue flags] [options]",
        discussion: """
            Serves one page, on this machine only unless --host says otherwise: the pipeline with live figures, graphs of \
            the last hour (kept while this runs), queues with their forecast, a search for a request by its id, and dead \
            letters. It only shows; with --allow-changes the page can also requeue and delete dead letters. There is no \
            login: everybody who can open it sees it.

            Whoever opens it under another name than localhost or an address that begins with 127 has to name it by \
            --allow-name. Ends on SIGINT or SIGTERM.
            """
    )

    @Option(help: "Address to listen on; 0.0.0.0 for all of this machine's.") var host = "127.0.0.1"
    @Option(help: "Port to listen on; 0 lets the system choose.") var port: UInt16 = 9095
    @Option(help: "A name or address under which browsers reach it, beside localhost; may be repeated.")
    var allowName: [String] = []
    @Flag(help: "Let the page requeue and delete dead letters.") var allowChanges = false
    @Option(help: "How long from one look at the stages to the next.") var interval = TimeSpan(seconds: 2)
    @OptionGroup(title: "Stages") var stages: StageAddresses
    @OptionGroup(title: "Queue") var queue: QueueOptions

    func validate() throws {
        if interval.seconds < 0.1 { throw ValidationError("--interval is 100ms or more.") }
        if !AccessRules.isAddress(listens) {
            throw ValidationError("--host \(host): expected an address such as 127.0.0.1, ::1 or 0.0.0.0.")
        }
        if let name = allowName.first(where: { AccessRules.name(in: $0) != name(as: $0) }) {
            throw ValidationError(
                "--allow-name \(name): expected a name or an address without a port, IPv6 in brackets.")
        }
    }

    func run() async throws {
        let signals = await UnixSignalsSequence(trapping: [.sigint, .sigterm])
        Descriptors.raiseLimit()
        let live = LiveScene()
        let places = try stages.places
        let rules = AccessRules(names: names, allowsChanges: allowChanges, token: AccessRules.newToken())
        let desk = UIDesk(
            rules: rules, live: live, letters: try letters, stages: places, timeout: stages.timeout.duration)
        let asker = StageAsker(places, timeout: stages.timeout.duration)
        do throws(PageServerError) {
            let server = try PageServer(host: listens, port: port, desk: desk)
            await live.start(every: interval.seconds) { asker.ask() }
            Self.welcome(listens, server.port, allowsChanges: allowChanges)
            await server.serve(until: signals)
        } catch {
            Console.error("apctl ui: \(error)\n")
            throw ExitCode.failure
        }
    }

    private static func welcome(_ host: String, _ port: UInt16, allowsChanges: Bool) {
        let shown = host.contains(":") ? "[\(host)]" : host == "0.0.0.0" ? "localhost" : host
        Console.out("The page is at http://\(shown):\(port)/ (\(allowsChanges ? "with changes" : "read-only"))\n")
        if !AccessRules.isLoopback(host) {
            let what = allowsChanges ? "see it and change things" : "see it"
            Console.error("apctl ui: there is no login: everybody who reaches \(shown):\(port) can \(what)\n")
        }
    }

    /// An address in numbers.
    private var listens: String {
        let address = host.filter { $0 != "[" && $0 != "]" }
        return address == "localhost" ? "127.0.0.1" : address
    }

    /// What browsers may call it, beside what is always this machine.
    private var names: Set<String> { Set((allowName + [listens]).map(name(as:))) }

    private func name(as text: String) -> String { text.lowercased().filter { $0 != "[" && $0 != "]" } }

    private var letters: LetterDesk {
        get throws {
            let environment = ProcessInfo.processInfo.environment
            if let reason = queue.whyElsewhere(environment) { return LetterDesk(places: [], note: reason) }
            let places = try queue.places(environment: environment) { Console.error("apctl ui: \($0)\n") }
            return LetterDesk(places: places.map { LetterDesk.Place(name: $0.name, place: $0.place) })
        }
    }
}
