import ArgumentParser
import Foundation
import Messages
import Queue
import Settings

struct WhereCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "where",
        abstract: "Where a request is: which stage or queue has it, since when, and what it waits for.",
        usage:
            "apctl where ID [--ingest ADDRESS] [--dispatch ADDRESS] [--retry ADDRESS] [--emit ADDRESS] [queue flags]",
        discussion: """
            Asks all stages, and then the queue itself (sorted sets and SQLite; of a channel only its dead letters), which \
            it reads as the stages' flags and variables name it. A request that has its result is nowhere any more. Several \
            submissions with one id are each told of. Reading a Redis queue takes as long as it is large; it is read in pieces.

            Exit status: 0 when somebody has it, 1 when nobody has, 2 when nobody has and not everybody could be asked, \
            64 for wrong usage.
            """
    )

    @Argument(help: "The id of the request.") var id: String
    @OptionGroup(title: "Stages") var stages: StageAddresses
    @Flag(help: "Ask the stages only.") var stagesOnly = false
    @OptionGroup(title: "Queue") var queue: QueueOptions

    func validate() throws {
        if id.isEmpty { throw ValidationError("Give the id of a request.") }
    }

    func run() throws {
        var witnesses = try stages.each { Self.ask($0, at: $1, id: id, timeout: $2) }
        if !stagesOnly {
            let place = try queue.place(environment: ProcessInfo.processInfo.environment) {
                Console.error("apctl where: \($0)\n")
            }
            witnesses += place.search(id)
        }
        Console.out(Witness.text(witnesses, id: id))
        let answers = witnesses.map(\.answer)
        if answers.contains(where: { (try? $0.get())?.isEmpty == false }) { return }
        throw answers.contains { (try? $0.get()) == nil } ? ExitCode(2) : ExitCode.failure
    }

    /// Asks one stage; blocks the thread.
    static func ask(_ stage: StageName, at address: HTTPAddress, id: String, timeout: Duration) -> Witness {
        let name = "\(stage.rawValue) at http://\(address.authority)"
        var place = address
        place.path = "/where?id=\(id.addingPercentEncoding(withAllowedCharacters: .unreserved) ?? "")"
        do throws(HTTPGetError) {
            return Witness.reading(try HTTPGet.fetch(place, timeout: timeout, mostBytes: 16 << 20).body, of: name)
        } catch {
            return Witness(name: name, answer: .failure(.init(reason: "no answer: \(error)")))
        }
    }
}

extension CharacterSet {
    /// What is written in one way wherever it stands.
    ///
    /// Source: RFC 3986, section 2.3.
    static let unreserved = CharacterSet(
        charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
}
