import DequeModule
import Queue

/// Requests that wait for a slot, and who may have the next one.
///
/// Each lane belongs to a group (a pool), which has slots of its own; together the groups have no more than `slots`.
/// First come, first served; but no lane of a group seen so far may have all of its slots, and no group all of them
/// (`FairShare`), so that a lane whose gateway is silent leaves slots to the others. Ingest cannot see to that alone: it
/// does not know slots from the room for what starts soon.
///
/// Lanes may have ranks. What comes first is ingest's matter; here a higher one may have more.
struct StartQueue<Item> {
    private struct Lane {
        let group: Int
        /// 0: none.
        let rank: Int
        var isResting = false
        var active = 0
        var waiting = Deque<(order: UInt64, item: Item)>()
    }

    private struct Group {
        /// Those that do not rest.
        var lanes = LaneCount()
        var active = 0
        var waiting = 0
    }

    /// Lanes, in all and by rank.
    private struct LaneCount {
        private(set) var all = 0
        private var byRank = [Int](repeating: 0, count: Tier.ranks)

        mutating func add(_ count: Int, rank: Int) {
            all += count
            byRank[rank] += count
        }

        /// What one of this rank may have of `places`.
        func share(of places: Int, rank: Int) -> Int {
            var notBelow = 0
            for index in 0...rank { notBelow += byRank[index] }
            return FairShare.most(of: places, among: notBelow, hasBelow: notBelow < all)
        }
    }

    private let slots: Int
    /// Those of all groups that do not rest.
    private var awake = LaneCount()
    /// By number; `nil` where nothing has waited yet.
    private var lanes: [Lane?] = []
    private var groups: [Group] = []
    private var lastOrder: UInt64 = 0
    private(set) var active = 0
    private(set) var count = 0

    init(slots: Int) { self.slots = slots }

    /// Notes which lanes need no share of the slots: those that start nothing for now, but one item at a time, and those of
    /// which hardly anything is to be expected.
    ///
    /// - Parameter isResting: is told the lane, and whether it is idle: nothing of it waits or is under way.
    mutating func rest(where isResting: (_ lane: Int, _ isIdle: Bool) -> Bool) {
        for index in lanes.indices {
            guard let lane = lanes[index] else { continue }
            let rests = isResting(index, lane.active == 0 && lane.waiting.isEmpty)
            guard rests != lane.isResting else { continue }
            lanes[index]?.isResting = rests
            count(lane, rests ? -1 : 1)
        }
    }

    private mutating func count(_ lane: Lane, _ change: Int) {
        groups[lane.group].lanes.add(change, rank: lane.rank)
        awake.add(change, rank: lane.rank)
    }

    /// - Parameters:
    ///   - lane: numbered from 0.
    ///   - group, rank: those of the lane, always the same; the rank is below `Tier.ranks`.
    mutating func append(_ item: Item, lane: Int, group: Int = 0, rank: Int = 0) {
        while groups.count <= group { groups.append(Group()) }
        while lanes.count <= lane { lanes.append(nil) }
        if lanes[lane] == nil {
            let new = Lane(group: group, rank: rank)
            lanes[lane] = new
            count(new, 1)
        }
        lastOrder += 1
        lanes[lane]?.waiting.append((lastOrder, item))
        groups[group].waiting += 1
        count += 1
    }

    /// Takes the next item that may have a slot, and gives it one; `nil` if there is none.
    ///
    /// - Parameters:
    ///   - groupSlots: the slots of a group.
    ///   - mayStart: whether anything of a lane may start now.
    /// - Returns: the item, and its lane, for `ended`.
    mutating func start(
        groupSlots: (Int) -> Int = { _ in .max }, where mayStart: (Int) -> Bool = { _ in true }
    ) -> (item: Item, lane: Int)? {
        guard active < slots, count > 0 else { return nil }
        let most = FairShare.most(of: slots, among: liveGroups)
        var best: Int?
        var lowest = UInt64.max
        for index in lanes.indices {
            guard let lane = lanes[index], let order = lane.waiting.first?.order, order < lowest else { continue }
            let group = groups[lane.group]
            guard group.active < most,
                lane.active < group.lanes.share(of: min(slots, groupSlots(lane.group)), rank: lane.rank),
                mayStart(index)
            else { continue }
            lowest = order
            best = index
        }
        guard let best, let group = lanes[best]?.group, let first = lanes[best]?.waiting.popFirst() else { return nil }
        lanes[best]?.active += 1
        groups[group].active += 1
        groups[group].waiting -= 1
        active += 1
        count -= 1
        return (first.item, best)
    }

    /// An item of this lane has given its slot back.
    mutating func ended(lane: Int) {
        guard let group = lanes[lane]?.group else { return }
        lanes[lane]?.active -= 1
        groups[group].active -= 1
        active -= 1
    }

    /// Lanes in which something has waited.
    var lanesSeen: [Int] { lanes.indices.filter { lanes[$0] != nil } }

    /// Items of a lane that have a slot.
    func active(lane: Int) -> Int { lane < lanes.count ? lanes[lane]?.active ?? 0 : 0 }

    /// What waits in a lane.
    func count(lane: Int) -> Int { lane < lanes.count ? lanes[lane]?.waiting.count ?? 0 : 0 }

    /// What waits in all lanes of a group.
    func count(group: Int) -> Int { group < groups.count ? groups[group].waiting : 0 }

    /// What of it is so.
    func count(group: Int, where isSo: (Item) -> Bool) -> Int {
        lanes.reduce(0) { sum, lane in
            guard let lane, lane.group == group else { return sum }
            return sum + lane.waiting.count { isSo($0.item) }
        }
    }

    /// What waits and is so, with its lane.
    func items(where isSo: (Item) -> Bool) -> [(item: Item, lane: Int)] {
        busyLanes.flatMap { index in
            (lanes[index]?.waiting ?? []).lazy.map(\.item).filter(isSo).map { ($0, index) }
        }
    }

    /// Lanes in which something waits.
    var busyLanes: [Int] { lanes.indices.filter { lanes[$0]?.waiting.isEmpty == false } }

    /// Takes out what waits in a lane and is not wanted there any more, oldest first.
    mutating func remove(lane: Int, where isUnwanted: (Item) -> Bool) -> [Item] {
        guard let group = lanes[lane]?.group else { return [] }
        var removed: [Item] = []
        lanes[lane]?.waiting.removeAll { waiting in
            let isRemoved = isUnwanted(waiting.item)
            if isRemoved { removed.append(waiting.item) }
            return isRemoved
        }
        groups[group].waiting -= removed.count
        count -= removed.count
        return removed
    }

    /// Forgets what waits, and says what it was.
    mutating func removeAll(_ forgotten: (Item) -> Void = { _ in }) {
        for index in lanes.indices {
            for (_, item) in lanes[index]?.waiting ?? [] { forgotten(item) }
            lanes[index]?.waiting.removeAll()
        }
        for index in groups.indices { groups[index].waiting = 0 }
        count = 0
    }

    /// How many more items to ask for, so that `ahead` are at hand beyond the slots.
    ///
    /// What waits counts, or there would be room again and again while every slot is taken. It does not count where its
    /// lane, or its group, has more than its share of slots and places already, or may not start anything: then it must not
    /// keep the others from coming.
    ///
    /// - Parameters:
    ///   - groupSlots: the slots of a group.
    ///   - spare: slots for groups that have not been seen.
    func room(
        ahead: Int, spare: Int = 0, groupSlots: (Int) -> Int = { _ in .max },
        where mayStart: (Int) -> Bool = { _ in true }
    ) -> Int {
        let known = groups.indices.reduce(spare) { $0 + min(slots, groupSlots($1)) }
        let usable = groups.isEmpty && spare == 0 ? slots : min(slots, known)
        let places = usable + ahead
        func waiting(_ index: Int) -> Int {
            guard let lane = lanes[index], !lane.waiting.isEmpty, mayStart(index) else { return 0 }
            return min(lane.waiting.count, max(0, awake.share(of: places, rank: lane.rank) - lane.active))
        }
        if groups.count < 2 { return max(0, places - active - lanes.indices.reduce(0) { $0 + waiting($1) }) }
        var byGroup = [Int](repeating: 0, count: groups.count)
        for index in lanes.indices {
            if let group = lanes[index]?.group { byGroup[group] += waiting(index) }
        }
        let most = FairShare.most(of: places, among: liveGroups)
        let counted = groups.indices.reduce(0) { $0 + min(byGroup[$1], max(0, most - groups[$1].active)) }
        return max(0, places - active - counted)
    }

    private var liveGroups: Int { groups.count { $0.lanes.all > 0 } }
}
