import GateRules
import Gates
import Logging
import Loop
import Messages
import PipelineMetrics
import Queue
import Stage

/// Charges what answers took to the quotas that let their requests go, once a request is settled for the first time.
///
/// Beside the settling, which never waits for it. What is not charged yet when the process dies is never charged, and what
/// was settled without the process hearing of it neither: at most once, on the user's side.
@PipelineActor
final class TokenCharges {
    /// A Redis server, and what is to be charged there.
    private struct Account {
        let buckets: TokenBuckets
        var book: ChargeBook
        var isSending = false
        /// Nothing is sent before then.
        var pausedUntil = Duration.zero
        var isAway = false
    }

    private let logger: Logger
    private let origin = String(UInt64.random(in: .min ... .max), radix: 16)
    /// By the name of the queue.
    private var quotas: [String: TokenQuotas] = [:]
    private var accounts: [String: Account] = [:]
    private var counters: TokenCounters
    private var losses = RareLine()
    private var hasSaidUnknown = false
    private var isFinishing = false

    /// Under load, charges of so long go together; a crash loses as much.
    private static let spacing = Duration.milliseconds(10)
    private static let pause = Duration.seconds(1)
    private static let capacity = 4096

    /// - Throws: when the address of a quota makes no sense.
    init(_ queues: [QueueSettings], registry: MetricsRegistry, logger: Logger) throws(GateSettingsError) {
        self.logger = logger
        counters = TokenCounters(registry)
        for queue in queues {
            let known = TokenQuotas(queue.gate)
            quotas[queue.name] = known
            if !known.quotas.isEmpty { counters.unmeasured(0, queue: queue.name) }
            for quota in known.quotas where accounts[quota.address] == nil {
                accounts[quota.address] = Account(
                    buckets: try TokenBuckets(quota.address), book: ChargeBook(capacity: Self.capacity))
            }
        }
        if !accounts.isEmpty { counters.showLosses() }
    }

    /// Tokens that are not known to be charged; `nil` where there is no quota in tokens.
    var waitingTokens: Int? { accounts.isEmpty ? nil : accounts.values.reduce(0) { $0 + $1.book.tokens } }

    /// A request was settled for the first time.
    func settled(_ envelope: Envelope) {
        let tokens = envelope.tokens.prompt + envelope.tokens.completion
        guard tokens > 0 else {
            if envelope.isAnswered { counters.unmeasured(queue: envelope.queue) }
            return
        }
        var attributes: [String] = []
        for key in envelope.charges {
            guard let bucket = quotas[envelope.queue]?.bucket(at: key) else {
                sayUnknown(key, envelope)
                counters.lost(tokens, .unknown)
                continue
            }
            if !attributes.contains(bucket.quota.attribute) {
                attributes.append(bucket.quota.attribute)
                counters.count(tokens, queue: envelope.queue, bucket)
            }
            charge(tokens, to: bucket)
        }
    }

    private func charge(_ tokens: Int, to bucket: TokenQuotas.Bucket) {
        let address = bucket.quota.address
        if accounts[address]?.book.add(tokens, to: bucket) != true {
            lost(
                tokens, .away, "no room to keep more while \(accounts[address]?.buckets.description ?? address) is away"
            )
        }
        guard let account = accounts[address], !account.isSending else { return }
        if EventLoop.shared.now >= account.pausedUntil { begin(address) }
    }

    // MARK: - Sending

    private func begin(_ address: String) {
        accounts[address]?.isSending = true
        Task { await send(address) }
    }

    /// Sends until nothing is left, or the server is away.
    private func send(_ address: String) async {
        accounts[address]?.isSending = true
        // At once with the last look at the book: what comes after it begins anew.
        defer { accounts[address]?.isSending = false }
        while let buckets = accounts[address]?.buckets, let batch = accounts[address]?.book.next() {
            switch await buckets.charge(batch.charges, name: "\(origin)-\(batch.number)") {
            case .made(let refused, let reason):
                accounts[address]?.book.finish()
                if !refused.isEmpty { lost(refused.reduce(0) { $0 + batch.charges[$1].tokens }, .refused, reason) }
                note(address, problem: nil)
            case .unknown(let reason):
                note(address, problem: reason)
                return
            }
            if !isFinishing { await EventLoop.shared.pause(for: Self.spacing) }
        }
    }

    private func note(_ address: String, problem: String?) {
        guard let account = accounts[address] else { return }
        let server: Logger.MetadataValue = "\(account.buckets.description)"
        accounts[address]?.isAway = problem != nil
        if let problem {
            accounts[address]?.pausedUntil = EventLoop.shared.now + Self.pause
            if !isFinishing {
                EventLoop.shared.schedule(after: Self.pause) { [weak self] in self?.tryAgain(address) }
            }
            if !account.isAway {
                logger.warning(
                    "Quotas cannot be charged; tokens are kept until they can",
                    metadata: ["redis": server, "error": "\(problem)"])
            }
        } else if account.isAway {
            logger.info("Quotas are charged again", metadata: ["redis": server])
        }
    }

    private func tryAgain(_ address: String) {
        guard let account = accounts[address], !account.isSending, !account.book.isEmpty, !isFinishing else { return }
        begin(address)
    }

    /// Sends what is left, as far as the servers answer at once.
    func finish() async {
        isFinishing = true
        for address in accounts.keys.sorted() {
            while accounts[address]?.isSending == true { await EventLoop.shared.pause(for: .milliseconds(5)) }
            await send(address)
            if let account = accounts[address], !account.book.isEmpty {
                lost(account.book.tokens, .away, "\(account.buckets.description) does not answer, and emit ends")
            }
        }
    }

    // MARK: - What is lost

    private func lost(_ tokens: Int, _ loss: TokenCounters.Loss, _ reason: String) {
        counters.lost(tokens, loss)
        losses.note(reason)
        guard let line = losses.due(at: EventLoop.shared.now) else { return }
        logger.warning(
            "Tokens were not charged to quotas", metadata: ["count": "\(line.count)", "reason": "\(line.example)"])
    }

    private func sayUnknown(_ key: String, _ envelope: Envelope) {
        if hasSaidUnknown { return }
        hasSaidUnknown = true
        logger.warning(
            "Tokens cannot be charged to a quota that only ingest knows: give emit the same --queues-config-file",
            metadata: [
                "queue": "\(envelope.queue)", "quota": "\(key.prefix(200))", "request.id": "\(envelope.id)",
            ])
    }
}

extension Envelope {
    /// Errors cost nothing, and say nothing of tokens.
    fileprivate var isAnswered: Bool {
        guard case .ended(.result(.answer(let status, _))) = progress else { return false }
        return (200..<300).contains(status)
    }
}
