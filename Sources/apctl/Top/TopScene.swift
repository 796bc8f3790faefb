import Settings

/// What there is to see of a pipeline at one time.
struct TopScene: Equatable {
    /// One process of a stage; figures are `nil` while they are not known.
    struct Process: Equatable {
        enum Condition: String {
            case ready
            case draining
            case notReady = "not ready"
            case silent = "no answer"

            /// The more, the worse.
            var severity: Double {
                switch self {
                case .ready: 0
                case .draining: 1
                case .notReady: 2
                case .silent: 3
                }
            }
        }

        var id: ProcessID
        var condition: Condition
        /// Messages that it has passed on each second; emit: that it has settled.
        var perSecond: Double?
        /// Requests that have not ended and are in its hands.
        var held: Double?
        /// Messages that its peers take now; emit: that it takes.
        var room: Double?
        /// Age of the oldest message that a peer of it has not finished, seconds.
        var oldest: Double?
        /// Messages sent once more, each second.
        var sentAgain: Double?
        /// Cores that it keeps busy.
        var processor: Double?
        /// Bytes.
        var memory: Double?
        /// Seconds.
        var uptime: Double?
        /// All that it says of itself, for people.
        var words: [String] = []
    }

    /// Where requests are that have not ended.
    enum Place: Hashable {
        case queue, parked, leased, link, slot, held, gateway, outcome, verdict, settlement
    }

    /// What messages do between stages.
    enum Hop: Hashable {
        /// From the queue to ingest.
        case leases
        /// From ingest to dispatch, from dispatch to emit and to retry, from retry to emit.
        case requests, outcomes, failures, verdicts
        /// Accepted by the queue.
        case settled
    }

    /// The whole pipeline, over all processes.
    struct Flow: Equatable {
        struct Processes: Equatable {
            var answering = 0
            var all = 0
        }

        /// Requests; a place of which nobody tells is absent.
        var held: [Place: Double] = [:]
        /// Messages each second; absent while that is not known.
        var rates: [Hop: Double] = [:]
        var processes: [StageName: Processes] = [:]
    }

    /// One queue, over all processes.
    struct Queue: Equatable {
        var name: String
        var waiting: Double?
        var parked: Double?
        /// Requests in stages.
        var inStages = 0.0
        /// Requests that end each second.
        var perSecond: Double?
        /// Seconds until all that is there now has ended; infinite while nothing ends.
        var eta: Double?
        var atRisk: Double?
        var slotsRequired: Double?
        /// Whose places it takes where there is no room for all.
        var source: ProcessID?
    }

    /// A gateway, and what the requests of one queue find there.
    struct Gateway: Equatable {
        var origin: String
        var queue: String
        var state: String
        /// Since when, and why, for people.
        var since: String?
        var reason: String?
        /// Requests that wait until it is there again.
        var held = 0.0
        /// Attempts each second.
        var perSecond: Double?
        /// Those that are to be tried again, of all.
        var failedShare: Double?
        /// Milliseconds, of all attempts of the queue.
        var mean: Double?
        /// Milliseconds within which 95 % of them end; infinite above what is measured.
        var mostWithin: Double?
        /// Whose places it takes where there is no room for all.
        var source: ProcessID?
    }

    /// Why something does not move, or is not as it should be.
    struct Trouble: Equatable {
        var text: String
        /// Somebody has to do something about it.
        var isSevere: Bool
        /// Whose places it takes where there is no room for all.
        var source: ProcessID?
    }

    struct Change: Equatable {
        /// Of day, for people.
        var time: String
        var text: String
        /// About whom it is.
        var source: ProcessID?
    }

    /// Date and time, for people.
    var time: String
    /// In the order of a request's way.
    var processes: [Process]
    var flow: Flow
    var queues: [Queue]
    var gateways: [Gateway]
    /// Requests that may be at gateways at once, over all dispatch processes; `nil`: nobody tells.
    var slots: Double?
    var troubles: [Trouble] = []
    /// Of late, the newest last.
    var changes: [Change] = []
    /// How many of them are of this round.
    var newChanges = 0
}
