import DequeModule
import Queue

/// Requests that wait for a slot, and who may have the next one.
///
/// Each lane belongs to a group (a pool), which has slots of its own; together the groups have no more than `slots`.
/// The group that has the fewest is next, and in it what came first; but no lane of a group may have all of its slots, and
/// no group all of them (`FairShare`), so that a lane whose gateway is silent leaves slots to the others. To those that are
/// idle one is left. Ingest cannot see to that alone: it does not know slots from the room for what starts soon.
///
/// Lanes may have ranks. What comes first is ingest's matter; here the highest may have all slots of its group.
struct StartQueue<Item> {
    /// What others leave to a lane.
    private enum Claim {
        /// A fair share.
        case share
        /// One slot, together with all others of which nothing has come for a while.
        case one
        case nothing
    }

    private struct Lane {
        let group: Int
        /// 0: none.
        let rank: Int
        var claim = Claim.share
        var wasIdle = false
        var active = 0
        /// Starts since the last survey, and per second when it last had no slot to spare: before that is known, many.
        var starts = 0
        var pace = 64
        var waiting = Deque<(order: UInt64, item: Item)>()

        var isIdle: Bool { active == 0 && waiting.isEmpty }

        /// What may wait before it is full: what starts in an eighth of a second, or a few.
        var places: Int { pace < 16 ? StartQueue.fewWaiting : max(16, pace / 8) }
    }

    private struct Group {
        var lanes = LaneCount()
        var active = 0
        var waiting = 0
    }

    /// Lanes that claim something.
    private struct LaneCount {
        private(set) var all = 0
        private(set) var idle = 0
        private var byRank = [Int](repeating: 0, count: Tier.ranks)

        mutating func add(_ count: Int, _ lane: Lane) {
            switch lane.claim {
            case .share:
                all += count
                byRank[lane.rank] += count
            case .one: idle += count
            case .nothing: break
            }
        }

        /// What one of this rank may have of `places`.
        ///
        /// - Parameter leavesOne: to those that are idle.
        func share(of places: Int, rank: Int, leavesOne: Bool) -> Int {
            var notBelow = 0
            for index in 0...rank { notBelow += byRank[index] }
            let most = FairShare.most(of: places, among: notBelow)
            return leavesOne && idle > 0 ? min(most, max(1, places - 1)) : most
        }
    }

    private let slots: Int
    /// Those of all groups.
    private var all = LaneCount()
    /// By number; `nil` where nothing has waited yet.
    private var lanes: [Lane?] = []
    private var groups: [Group] = []
    private var lastOrder: UInt64 = 0
    /// Nothing started in the second before the last survey, though something is under way.
    private var isStuck = false
    private(set) var active = 0
    private(set) var count = 0
    /// Lanes of which no more is wanted, see `noteFull`.
    private(set) var full: Set<Int> = []

    init(slots: Int) { self.slots = slots }

    /// Notes what each lane claims; to be called once a second.
    ///
    /// - Parameters:
    ///   - claimsNothing: is told the lane, and whether it is idle: those that start nothing for now, but one item at a
    ///     time, and those of which hardly anything is to be expected.
    ///   - groupSlots: the slots of a group.
    mutating func survey(
        groupSlots: (Int) -> Int = { _ in .max }, claimsNothing: (_ lane: Int, _ isIdle: Bool) -> Bool
    ) {
        let measure = measure
        isStuck = active > 0
        for index in lanes.indices {
            guard let lane = lanes[index] else { continue }
            if lane.starts > 0 { isStuck = false }
            if isFull(lane, measure, groupSlots) { lanes[index]?.pace = max(lane.starts, lane.pace / 2) }
            lanes[index]?.starts = 0
            lanes[index]?.wasIdle = lane.isIdle
            setClaim(
                of: index, claimsNothing(index, lane.isIdle) ? .nothing : lane.isIdle && lane.wasIdle ? .one : .share)
        }
    }

    private mutating func setClaim(of index: Int, _ claim: Claim) {
        guard let lane = lanes[index], lane.claim != claim else { return }
        count(lane, -1)
        lanes[index]?.claim = claim
        if let new = lanes[index] { count(new, 1) }
    }

    private mutating func count(_ lane: Lane, _ change: Int) {
        groups[lane.group].lanes.add(change, lane)
        all.add(change, lane)
    }

    /// What one group may have of the slots, and its part where all want some.
    private var measure: (most: Int, part: Int) {
        (groupMost(of: slots, leavesOne: true), slots / max(1, liveGroups))
    }

    /// Whether a lane has all slots that it may have, or its group, or that has its part of them and the others the rest.
    private func isFull(_ lane: Lane, _ measure: (most: Int, part: Int), _ groupSlots: (Int) -> Int) -> Bool {
        let (group, own) = (groups[lane.group], min(slots, groupSlots(lane.group)))
        return group.active >= min(measure.most, own) || (active >= slots && group.active >= measure.part)
            || lane.active >= group.lanes.share(of: own, rank: lane.rank, leavesOne: true)
    }

    private var liveGroups: Int { groups.count { $0.lanes.all > 0 } }

    /// What one group may have of some places.
    private func groupMost(of places: Int, leavesOne: Bool) -> Int {
        let most = FairShare.most(of: places, among: liveGroups)
        let hasIdle = leavesOne && groups.contains { $0.lanes.all == 0 && $0.lanes.idle > 0 }
        return hasIdle ? min(most, max(1, places - 1)) : most
    }

    /// Notes which lanes are full: more waits there than starts soon, while others could start what comes in its place.
    ///
    /// They are so until half of that waits.
    ///
    /// - Parameter groupSlots: the slots of a group.
    /// - Returns: whether they are others than before.
    mutating func noteFull(groupSlots: (Int) -> Int = { _ in .max }) -> Bool {
        if count < Self.fewWaiting, full.isEmpty { return false }
        // Where nothing moves there may be others that have not been seen yet.
        guard all.all > 1 || isStuck else {
            defer { full = [] }
            return !full.isEmpty
        }
        var hasChanged = false
        let measure = measure
        for index in lanes.indices {
            guard let lane = lanes[index], lane.waiting.count >= Self.fewWaiting || full.contains(index) else {
                continue
            }
            let isFull =
                lane.waiting.count >= (full.contains(index) ? lane.places / 2 : lane.places)
                && isFull(lane, measure, groupSlots)
            guard isFull != full.contains(index) else { continue }
            if isFull { full.insert(index) } else { full.remove(index) }
            hasChanged = true
        }
        return hasChanged
    }

    /// Whether much more waits in a lane than makes it full: a sender has not heard of it.
    func isCrowded(_ index: Int) -> Bool {
        guard full.contains(index), let lane = lanes[index] else { return false }
        return lane.waiting.count >= 8 * lane.places
    }

    private static var fewWaiting: Int { 4 }

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
        if lanes[lane]?.claim == .one { setClaim(of: lane, .share) }
        lanes[lane]?.wasIdle = false
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
        let most = groupMost(of: slots, leavesOne: true)
        var best: Int?
        var lowest = (active: Int.max, order: UInt64.max)
        for index in lanes.indices {
            guard let lane = lanes[index], let order = lane.waiting.first?.order else { continue }
            let active = groups[lane.group].active
            guard active < most, (active, order) < lowest,
                lane.active
                    < groups[lane.group].lanes.share(
                        of: min(slots, groupSlots(lane.group)), rank: lane.rank, leavesOne: true),
                mayStart(index)
            else { continue }
            lowest = (active, order)
            best = index
        }
        guard let best, let group = lanes[best]?.group, let first = lanes[best]?.waiting.popFirst() else { return nil }
        lanes[best]?.active += 1
        lanes[best]?.starts += 1
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
        full = []
        for index in groups.indices { groups[index].waiting = 0 }
        count = 0
    }

    /// How many more items to ask for, so that `ahead` are at hand beyond the slots.
    ///
    /// What waits counts, or there would be room again and again while every slot is taken. It does not count where its
    /// lane, or its group, has more than its share of slots and places already, or may not start anything, or where its
    /// group's own slots are all taken: then it must not keep the others from coming.
    ///
    /// - Parameters:
    ///   - groupSlots: the slots of a group.
    ///   - spare: slots for groups that have not been seen; one where nothing moves.
    func room(
        ahead: Int, spare: Int = 0, groupSlots: (Int) -> Int = { _ in .max },
        where mayStart: (Int) -> Bool = { _ in true }
    ) -> Int {
        let spare = isStuck ? max(1, spare) : spare
        let known = groups.indices.reduce(spare) { $0 + min(slots, groupSlots($1)) }
        let usable = groups.isEmpty && spare == 0 ? slots : min(slots, known)
        // Each has some at hand.
        let live = max(1, liveGroups)
        let ahead = max(ahead, live)
        let places = usable + ahead
        func waiting(_ index: Int) -> Int {
            guard let lane = lanes[index], !lane.waiting.isEmpty, mayStart(index) else { return 0 }
            let share = all.share(of: places, rank: lane.rank, leavesOne: isStuck)
            return min(lane.waiting.count, max(0, share - lane.active))
        }
        if groups.count < 2, !isStuck { return max(0, places - active - lanes.indices.reduce(0) { $0 + waiting($1) }) }
        var byGroup = [Int](repeating: 0, count: groups.count)
        for index in lanes.indices {
            if let group = lanes[index]?.group { byGroup[group] += waiting(index) }
        }
        var most = groupMost(of: places, leavesOne: isStuck)
        // Where not all can have what they could use, each has its part.
        if known > slots { most = min(most, (slots + ahead) / live + 1) }
        let counted = groups.indices.reduce(0) {
            $0 + min(byGroup[$1], max(0, min(most, min(slots, groupSlots($1)) + ahead / live) - groups[$1].active))
        }
        return max(0, places - active - counted)
    }
}
