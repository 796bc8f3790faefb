import DequeModule

/// Requests that wait for a slot, and who may have the next one.
///
/// First come, first served; but of k queues seen so far, none has more than 1 − 1/(2k) of the slots, so that a queue
/// whose gateway is silent leaves slots to the others. Ingest cannot see to that alone: it does not know slots from
/// the room for what starts soon.
struct StartQueue<Item> {
    private struct Lane {
        var active = 0
        var waiting = Deque<(order: UInt64, item: Item)>()
    }

    private let slots: Int
    private var lanes: [Lane] = []
    private var lastOrder: UInt64 = 0
    /// Lanes that start nothing for now, but one item at a time: they need no share of the slots.
    var resting = 0
    private(set) var active = 0
    private(set) var count = 0

    init(slots: Int) { self.slots = slots }

    mutating func append(_ item: Item, lane: Int) {
        while lanes.count <= lane { lanes.append(Lane()) }
        lastOrder += 1
        lanes[lane].waiting.append((lastOrder, item))
        count += 1
    }

    /// Takes the next item that may have a slot, and gives it one; `nil` if there is none.
    ///
    /// - Parameter mayStart: whether anything of a lane may start now.
    /// - Returns: the item, and its lane, for `ended`.
    mutating func start(where mayStart: (Int) -> Bool = { _ in true }) -> (item: Item, lane: Int)? {
        guard active < slots, count > 0 else { return nil }
        let share = share(of: slots)
        var best: Int?
        var lowest = UInt64.max
        for index in lanes.indices where lanes[index].active < share {
            guard let order = lanes[index].waiting.first?.order, order < lowest, mayStart(index) else { continue }
            lowest = order
            best = index
        }
        guard let best, let first = lanes[best].waiting.popFirst() else { return nil }
        lanes[best].active += 1
        active += 1
        count -= 1
        return (first.item, best)
    }

    /// An item of this lane has given its slot back.
    mutating func ended(lane: Int) {
        lanes[lane].active -= 1
        active -= 1
    }

    /// What waits in a lane.
    func count(lane: Int) -> Int { lane < lanes.count ? lanes[lane].waiting.count : 0 }

    /// Lanes in which something waits.
    var busyLanes: [Int] { lanes.indices.filter { !lanes[$0].waiting.isEmpty } }

    /// Takes out what waits in a lane and is not wanted there any more, oldest first.
    mutating func remove(lane: Int, where isUnwanted: (Item) -> Bool) -> [Item] {
        var removed: [Item] = []
        lanes[lane].waiting.removeAll { waiting in
            let isRemoved = isUnwanted(waiting.item)
            if isRemoved { removed.append(waiting.item) }
            return isRemoved
        }
        count -= removed.count
        return removed
    }

    /// Forgets what waits, and says what it was.
    mutating func removeAll(_ forgotten: (Item) -> Void = { _ in }) {
        for index in lanes.indices {
            for (_, item) in lanes[index].waiting { forgotten(item) }
            lanes[index].waiting.removeAll()
        }
        count = 0
    }

    /// How many more items to ask for, so that `ahead` are at hand beyond the slots.
    ///
    /// What waits counts, or there would be room again and again while every slot is taken. It does not count where its
    /// queue has more than its share of slots and places already, or may not start anything: then it must not keep the
    /// others from coming.
    func room(ahead: Int, where mayStart: (Int) -> Bool = { _ in true }) -> Int {
        let places = slots + ahead
        let share = share(of: places)
        let waiting = lanes.indices.reduce(0) { sum, index in
            let lane = lanes[index]
            return lane.waiting.isEmpty || !mayStart(index)
                ? sum : sum + min(lane.waiting.count, max(0, share - lane.active))
        }
        return max(0, places - active - waiting)
    }

    /// What one queue may have of `places`.
    private func share(of places: Int) -> Int {
        let queues = lanes.count - resting
        return queues <= 1 ? places : max(1, places - (places + 2 * queues - 1) / (2 * queues))
    }
}
