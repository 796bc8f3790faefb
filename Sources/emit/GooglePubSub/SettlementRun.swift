import GooglePubSub
import Messages
import Queue

/// The progress of a settlement that is not finished.
enum SettlementProgress: Sendable, Equatable {
    /// Its result is in the topic; its request is still to be acknowledged.
    case published
    case ended(SettlementStatus)
}

/// The steps that one batch of settlements needs, and those that are done.
///
/// A value: the sink carries out the steps and tells it the result of each.
struct SettlementRun: Sendable {
    /// An action on some deliveries of a subscription in one call.
    struct Group: Hashable, Sendable {
        let subscription: String
        let action: DeliveryAction
    }

    private struct Item: Sendable {
        let settlement: Settlement
        /// `nil` if it is none of Pub/Sub's, or has been settled before: then the settlement is stale.
        let receipt: GooglePubSubReceipt?
        /// The place of another settlement of the same delivery, before this one in the batch.
        let twin: Int?
        /// The step that has been done.
        var step: SettlementProgress?
        var failure: Failure?
    }

    private enum Failure: Sendable {
        case refused(String)
        case delayed(String)
    }

    private var items: [Item]
    /// Milliseconds since 1970.
    private let now: Int64
    private let encoder = ResultEncoder()

    /// - Parameters:
    ///   - progress: the steps that an earlier try has done.
    ///   - now: milliseconds since 1970.
    ///   - isKnown: whether a receipt has been settled here recently.
    init(
        _ batch: [Settlement], progress: [Receipt: SettlementProgress], now: Int64 = 0,
        isKnown: (Receipt) -> Bool = { _ in false }
    ) {
        self.now = now
        var places = [Receipt: Int](minimumCapacity: batch.count)
        items = batch.enumerated().map { place, settlement in
            let first = places[settlement.receipt, default: place]
            places[settlement.receipt] = first
            let isOpen = first == place && !isKnown(settlement.receipt)
            return Item(
                settlement: settlement, receipt: isOpen ? GooglePubSubReceipt(settlement.receipt) : nil,
                twin: first == place ? nil : first,
                step: isOpen && !progress.isEmpty ? progress[settlement.receipt] : nil)
        }
    }

    /// The steps done of unfinished settlements, for the next try.
    var progress: [Receipt: SettlementProgress] {
        var progress: [Receipt: SettlementProgress] = [:]
        for item in items where item.step != nil { progress[item.settlement.receipt] = item.step }
        return progress
    }

    /// Indices of settlements whose delivery must be checked with Pub/Sub before their result is published, grouped by
    /// the call that checks them.
    ///
    /// With exactly-once delivery a delivery that has been acknowledged, or taken over, cannot be extended. In doubt
    /// are deliveries that a lost process held, and those leased for so long that ingest must have extended them:
    /// ingest may have died or been frozen instead.
    func deliveriesToVerify() -> [(group: Group, indices: [Int])] {
        let doubtful = items.indices.filter {
            isWritten($0) && isOpen($0) && items[$0].step == nil && (items[$0].settlement.mayBeRepeated || isOld($0))
        }
        return grouped(doubtful) { index in
            Group(
                subscription: items[index].receipt?.subscription ?? "",
                action: .extend(seconds: items[index].receipt?.ackDeadline ?? 10))
        }
    }

    /// Places in the batch whose results are to be published, by destination.
    func publications() -> [(destination: String, indices: [Int])] {
        grouped(items.indices.filter { isWritten($0) && isOpen($0) && items[$0].step == nil }) {
            destination(items[$0].settlement)
        }
    }

    /// A message that could not be read, and a result that its own topic refuses repeatedly, go to the sink's default
    /// topic: there is no other place for dead letters.
    private func destination(_ settlement: Settlement) -> String {
        if case .deadLetter(_, result: nil) = settlement.action { "" } else { settlement.destination }
    }

    /// Places in the batch whose deliveries are to be ended, by action.
    func actions() -> [(group: Group, indices: [Int])] {
        let due = items.indices.filter { isOpen($0) && (!isWritten($0) || items[$0].step == .published) }
        return grouped(due.filter { items[$0].receipt != nil }) { index in
            Group(subscription: items[index].receipt?.subscription ?? "", action: action(index))
        }
    }

    /// The delay of a delivery that has been parked; `nil` for all others.
    func delay(_ index: Int) -> Duration? {
        guard case .park(let delay, _) = items[index].settlement.action, delay > 0,
            items[index].step == .ended(.settled)
        else { return nil }
        return .milliseconds(delay)
    }

    /// Whether its delivery is to wait.
    func parks(_ index: Int) -> Bool {
        if case .park(let delay, _) = items[index].settlement.action { delay > 0 } else { false }
    }

    func ackID(_ index: Int) -> String { items[index].receipt?.ackID ?? "" }

    /// The message that is published for a settlement; an error result if it is larger than Pub/Sub takes.
    func publication(_ index: Int) -> Publication {
        let settlement = items[index].settlement
        let message = Publication(data: document(settlement), attributes: attributes(index))
        guard message.size > Publication.largest else { return message }
        let reason = "the result has \(message.data.count) bytes, Pub/Sub takes \(Publication.largest)"
        var failed = settlement
        failed.statusCode = nil
        failed.errorCode = .inferenceError
        let json = encoder.encode(
            id: settlement.id, token: settlement.requestToken, .failure(.inferenceError, message: reason))
        return Publication(data: json[...], attributes: attributes(index, of: failed))
    }

    mutating func published(_ index: Int) { items[index].step = .published }

    /// The refusal is permanent.
    mutating func refused(_ index: Int, _ reason: String) { items[index].failure = .refused(reason) }

    /// It may be accepted later.
    mutating func delayed(_ index: Int, _ reason: String) { items[index].failure = .delayed(reason) }

    mutating func ended(_ index: Int, _ answer: DeliveryAnswer) {
        items[index].step = .ended(answer == .done ? .settled : .stale)
    }

    func isEnded(_ index: Int) -> Bool { if case .ended = items[index].step { true } else { false } }

    /// To be called once every step has been done.
    var statuses: [SettlementStatus] {
        items.indices.map { index in
            switch items[items[index].twin ?? index].failure {
            case .refused(let reason): return .refused(reason: reason)
            case .delayed(let reason): return .delayed(reason: reason)
            case nil: break
            }
            guard items[index].receipt != nil, case .ended(let status) = items[index].step else { return .stale }
            return status
        }
    }

    /// At least one settlement is neither settled nor stale.
    var hasFailures: Bool { items.contains { $0.failure != nil } }

    /// Ingest extends each third of the ack deadline; clocks of machines may differ a little.
    private func isOld(_ index: Int) -> Bool {
        let leasedAt = items[index].settlement.leasedAt
        guard leasedAt > 0, let ackDeadline = items[index].receipt?.ackDeadline else { return false }
        return now - leasedAt > Int64(ackDeadline) * 500
    }

    private func isOpen(_ index: Int) -> Bool {
        items[index].receipt != nil && items[index].failure == nil && !isEnded(index)
    }

    private func isWritten(_ index: Int) -> Bool {
        switch items[index].settlement.action {
        case .result, .deadLetter: true
        case .park, .release: false
        }
    }

    private func action(_ index: Int) -> DeliveryAction {
        switch items[index].settlement.action {
        case .result, .deadLetter: .acknowledge
        case .park(let delay, _): .extend(seconds: Parking.seconds(delay))
        case .release: .extend(seconds: 0)
        }
    }

    /// A message that could not even be read gets a result as well, with an empty id: there is nowhere else to keep it.
    private func document(_ settlement: Settlement) -> Bytes {
        switch settlement.action {
        case .result(let json): json
        case .deadLetter(let reason, let json):
            json
                ?? encoder.encode(
                    id: settlement.id, token: settlement.requestToken, .failure(.deadLetter, message: reason))[...]
        case .park, .release: []
        }
    }

    private func attributes(_ index: Int, of changed: Settlement? = nil) -> [(name: String, value: String)] {
        let settlement = changed ?? items[index].settlement
        var code = settlement.errorCode
        if case .deadLetter = settlement.action, changed == nil { code = .deadLetter }
        let all: [(name: String, value: String?)] = [
            ("id", settlement.id), ("status_code", settlement.statusCode.map(String.init)),
            ("error_code", code?.rawValue), ("pubsub-id", items[index].receipt?.messageID),
            ("traceparent", settlement.traceParent),
        ]
        return all.compactMap { name, value in
            // Longer ones are refused: cloud.google.com/pubsub/quotas#resource_limits
            guard let value, !value.isEmpty, value.utf8.count <= 1024 else { return nil }
            return (name, value)
        }
    }

    /// In the order of the first of each group.
    private func grouped<Key: Hashable>(_ indices: [Int], by key: (Int) -> Key) -> [(Key, [Int])] {
        var groups: [(Key, [Int])] = []
        var places: [Key: Int] = [:]
        for index in indices {
            let key = key(index)
            if let place = places[key] {
                groups[place].1.append(index)
            } else {
                places[key] = groups.count
                groups.append((key, [index]))
            }
        }
        return groups
    }
}
