import Messages

/// The pools that dispatch sends to, numbered from 0 in the order in which they come.
///
/// Messages name pools, so their number is bounded: the last one is for all that come later.
///
/// A value: time and random numbers are passed in; all times are seconds.
package struct Pools: Sendable {
    private struct Served: Hashable, Sendable {
        let gateway: ExactText
        let model: ExactText
    }

    package static let most = 256
    /// The name of the one that all share who come too late.
    package static let others = "others"
    /// The name of the one for requests that name none, where it has settings of its own.
    package static let byDefault = "default"

    private let settings: PoolLimits
    private let named: [ExactText: PoolLimits]
    private let hasDefault: Bool
    private var pools: [Pool] = []
    private var numbers: [ExactText: Int] = [:]
    /// Asked for last: the next one is often the same.
    private var recent: (name: ExactText, number: Int)?
    /// Models that gateways have answered for.
    private var served: Set<Served> = []
    private var servedGateways: Set<ExactText> = []
    private var recentlyServed: (key: Served, number: Int)?
    /// Pools for models that gateways have not answered for.
    private var unknown: Set<Int> = []
    /// What other processes have measured, by the names of pools.
    private var heard: [ExactText: Double] = [:]

    /// - Parameter named: settings of pools that have their own.
    package init(_ settings: PoolLimits, named: [String: PoolLimits] = [:]) {
        self.settings = settings
        self.named = Dictionary(uniqueKeysWithValues: named.map { (ExactText($0), $1) })
        hasDefault = named[Self.byDefault] != nil
    }

    package var indices: Range<Int> { pools.indices }

    /// Attempts at once that settings and gates allow in all: pools share what the process may have.
    package var slots: Int {
        pools.isEmpty ? settings.concurrency : min(settings.concurrency, pools.reduce(0) { $0 + $1.cap })
    }

    package subscript(number: Int) -> Pool {
        _read { yield pools[number] }
        _modify { yield &pools[number] }
    }

    /// The pool of a request: the one it names; else what asks its gateway for its model is one.
    ///
    /// A gateway that has settings of its own is one pool, whatever the model; so is all that names no pool where only
    /// `default` has settings. Models that a gateway has not answered for share one: anybody may name what is not there.
    package mutating func pool(named name: String, gateway: String, model: String = "") -> Int {
        if !name.isEmpty { return pool(named: name) }
        if isConfigured(gateway) { return pool(named: gateway) }
        if hasDefault { return pool(named: Self.byDefault) }
        let request = Served(gateway: ExactText(gateway), model: ExactText(model))
        if let recentlyServed, recentlyServed.key == request { return recentlyServed.number }
        guard served.contains(request) else {
            let number = pool(named: gateway)
            // It was opened after a gateway's first answer, which named a model.
            if servedGateways.contains(request.gateway) { unknown.insert(number) }
            return number
        }
        let number = pool(named: "\(gateway) \(model)")
        recentlyServed = (request, number)
        return number
    }

    /// A gateway has answered for a model: from now on that is a pool of its own.
    package mutating func answers(_ gateway: String, model: String) {
        let new = Served(gateway: ExactText(gateway), model: ExactText(model))
        guard !model.isEmpty, recentlyServed?.key != new, served.count < Self.most else { return }
        served.insert(new)
        servedGateways.insert(new.gateway)
        if let pool = numbers[new.gateway], !isConfigured(gateway) { unknown.insert(pool) }
    }

    /// Whether it is the pool of what asks a gateway, which has answered for other models, for one that may not be there.
    package func isForUnknownModels(_ pool: Int) -> Bool { unknown.contains(pool) }

    /// Whether the pool has settings of its own.
    package func isConfigured(_ name: String) -> Bool { named[ExactText(name)] != nil }

    /// Whether any has.
    package var isConfigured: Bool { !named.isEmpty }

    /// The pool of that name, opened if it is new.
    package mutating func pool(named name: String) -> Int {
        let name = ExactText(name)
        if let recent, recent.name == name { return recent.number }
        let number = numbers[name] ?? open(name)
        recent = (name, number)
        return number
    }

    /// Takes what other processes have measured: seconds that a token takes in a pool without asynchronous work.
    ///
    /// It counts as long as it is said.
    package mutating func hear(_ bases: [(pool: String, base: Double)]) {
        if heard.isEmpty, bases.isEmpty { return }
        heard = Dictionary(bases.map { (ExactText($0.pool), $0.base) }, uniquingKeysWith: min)
        for index in pools.indices { pools[index].heardBase = heard[ExactText(pools[index].name)] }
    }

    private mutating func open(_ name: ExactText) -> Int {
        guard pools.count < Self.most - 1 || named[name] != nil else {
            let others = ExactText(Self.others)
            return numbers[others] ?? add(others, settings)
        }
        return add(name, named[name] ?? settings)
    }

    private mutating func add(_ name: ExactText, _ settings: PoolLimits) -> Int {
        numbers[name] = pools.count
        pools.append(Pool(name: name.text, settings: settings))
        pools[pools.count - 1].heardBase = heard[name]
        return pools.count - 1
    }
}
