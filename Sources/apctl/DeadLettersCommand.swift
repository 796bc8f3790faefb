import ArgumentParser
import Foundation
import Queue

struct DeadLettersCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dead-letters",
        abstract: "Look at requests that were put aside, and put them back or remove them.",
        discussion: """
            Dead letters are in the list QUEUE:dead-letter of Redis, or in the table dead_letters of SQLite. A number is \
            what `list` shows, such as 3-9f2c1b in Redis: the place from the oldest on, and digits by which the letter is \
            found when places have shifted. The flags of the stages say which queue it is, and so do their variables \
            (AP_REDIS_URL, AP_SQLITE_PATH).

            Exit status: 0 when everything was done, 1 when the server does not answer, nothing matched or a letter was \
            kept, 64 for wrong usage.
            """,
        subcommands: [List.self, Show.self, Requeue.self, Delete.self]
    )

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "One line for each, the oldest first.")

        @Flag(name: .customLong("json"), help: "A JSON object for each, with the body.") var asJSON = false
        @Option(help: "So many at most, the oldest.") var limit: Int?
        @OptionGroup(title: "Queue") var queue: QueueOptions

        func validate() throws { if let limit, limit < 1 { throw ValidationError("--limit is 1 or more.") } }

        func run() throws {
            try queue.work { (desk) throws(QueueError) in
                try desk.list(limit: limit, asJSON: asJSON, columns: Console.outColumns)
            }
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "All that is known, and the request as it was written.",
            discussion: """
                On a terminal, what would drive it stands there as its code; in a file or a pipe, and with --body, \
                every byte is as it was written.
                """)

        @Argument(help: "Numbers or ids.") var letters: [String]
        @Flag(help: "Take all arguments for one or the other.") var naming: LetterNaming?
        @Flag(name: .customLong("body"), help: "Print the bytes of the request and nothing else.") var bodyOnly = false
        @OptionGroup(title: "Queue") var queue: QueueOptions

        func run() throws {
            try queue.work { (desk) throws(QueueError) in
                try desk.show(.some(letters, naming), bodyOnly: bodyOnly)
            }
        }
    }

    struct Requeue: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Put requests back on their queue, as new ones with no attempts and deliveries counted.",
            discussion: """
                On redis-pubsub they go to the retry set, due at once, so that they wait until ingest listens. Whatever \
                happens meanwhile, a request is either a dead letter or back on the queue, never both and never none.
                """)

        @OptionGroup var wanted: WantedLetters
        @Flag(help: "Also when the deadline is over, or the request is not valid.") var force = false
        @OptionGroup(title: "Queue") var queue: QueueOptions

        func run() throws {
            try queue.work { (desk) throws(QueueError) in try desk.requeue(wanted.wanted, isForced: force) }
        }
    }

    struct Delete: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Remove dead letters for good, without asking, and print which.")

        @OptionGroup var wanted: WantedLetters
        @Flag(name: .customLong("json"), help: "Print each as a JSON object, with the body.") var asJSON = false
        @OptionGroup(title: "Queue") var queue: QueueOptions

        func run() throws {
            try queue.work { (desk) throws(QueueError) in try desk.delete(wanted.wanted, asJSON: asJSON) }
        }
    }
}

/// Some dead letters, or all.
struct WantedLetters: ParsableArguments {
    @Argument(help: "Numbers or ids.") var letters: [String] = []
    @Flag(help: "Take all arguments for one or the other.") var naming: LetterNaming?
    @Flag(help: "All there are.") var all = false

    func validate() throws {
        if all == !letters.isEmpty { throw ValidationError("Give numbers or ids, or --all.") }
    }

    var wanted: Wanted { all ? .all : .some(letters, naming) }
}

extension QueueOptions {
    /// Opens the queue's dead letters; ends with status 1 unless `body` says that everything was done.
    fileprivate func work(_ body: (DeadLetterDesk) throws(QueueError) -> Bool) throws {
        let place = try place(environment: ProcessInfo.processInfo.environment) {
            Console.error("apctl dead-letters: \($0.onOneLine)\n")
        }
        do throws(QueueError) {
            let desk = DeadLetterDesk(store: try place.open(), output: .console, now: Int64(Clock.now))
            if try body(desk) { return }
        } catch {
            Console.error("apctl dead-letters: \(error.description.onOneLine)\n")
        }
        throw ExitCode.failure
    }
}
