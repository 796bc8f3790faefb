import Testing

@testable import DispatchStage

struct StartQueueTests {
    @Test
    func servesOneQueueInOrderOverAllSlots() {
        var queue = StartQueue<Int>(slots: 4)
        for item in 0..<6 { queue.append(item, lane: 0) }
        #expect((0..<6).map { _ in queue.start()?.item } == [0, 1, 2, 3, nil, nil])
        queue.ended(lane: 0)
        #expect(queue.start()?.item == 4)
        #expect(queue.active == 4)
        #expect(queue.count == 1)
    }

    @Test
    func servesTwoQueuesInTheOrderTheyCame() {
        var queue = StartQueue<Int>(slots: 8)
        for item in 0..<4 { queue.append(item, lane: item.isMultiple(of: 2) ? 0 : 1) }
        #expect((0..<4).map { _ in queue.start()?.item } == [0, 1, 2, 3])
    }

    @Test
    func leavesSlotsToAnotherQueueHoweverMuchOneHas() {
        var queue = StartQueue<String>(slots: 16)
        queue.append("quick", lane: 0)
        for _ in 0..<100 { queue.append("silent", lane: 1) }
        var started: [String] = []
        while let (item, _) = queue.start() { started.append(item) }
        #expect(started.filter { $0 == "silent" }.count == 12)
        #expect(started.contains("quick"))
        queue.append("quick", lane: 0)
        #expect(queue.start()?.item == "quick")
    }

    @Test
    func theHighestRankMayHaveAll() {
        func most(_ lane: Int) -> Int {
            var queue = StartQueue<Int>(slots: 32)
            for item in 0..<40 { for lane in 0..<2 { queue.append(item, lane: lane, rank: [1, 4][lane]) } }
            var started = 0
            while queue.start(where: { $0 == lane }) != nil { started += 1 }
            return started
        }
        #expect(most(0) == 32)
        #expect(most(1) == 24)
    }

    @Test
    func lanesInWhichNothingHasWaitedTakeNoShare() {
        var queue = StartQueue<Int>(slots: 8)
        for item in 0..<20 { queue.append(item, lane: 3, group: 2) }
        var started = 0
        while queue.start() != nil { started += 1 }
        #expect(started == 8)
        #expect(queue.count(group: 2) == 12 && queue.count(group: 0) == 0)
        queue.append(0, lane: 1, group: 0)
        #expect(queue.count(group: 0) == 1 && queue.busyLanes == [1, 3])
    }

    @Test
    func whatWaitsInManyLanesOfOneGroupLeavesPlacesToAnother() {
        var queue = StartQueue<Int>(slots: 8)
        queue.append(0, lane: 0, group: 0)
        for lane in 1..<5 { for item in 0..<20 { queue.append(item, lane: lane, group: 1) } }
        while queue.start() != nil {}
        queue.ended(lane: 0)
        #expect(queue.active == 6)
        #expect(queue.room(ahead: 8) == 7)
    }

    /// Where a gate leaves one slot to a pool, for example.
    @Test
    func whatWaitsForAGroupWithoutSlotsTakesNoPlaces() {
        var queue = StartQueue<String>(slots: 32)
        let slots: (Int) -> Int = { [16, 1][$0] }
        queue.append("good", lane: 0, group: 0)
        for _ in 0..<30 { queue.append("gated", lane: 1, group: 1) }
        while queue.start(groupSlots: slots) != nil {}
        #expect(queue.active == 2)
        #expect(queue.room(ahead: 4, groupSlots: slots) == 17 + 4 - 2 - 2)
    }

    @Test
    func theGroupWithTheFewestSlotsIsNext() {
        var queue = StartQueue<String>(slots: 8)
        for _ in 0..<20 { queue.append("slow", lane: 0, group: 0) }
        for _ in 0..<6 { _ = queue.start() }
        for _ in 0..<2 { queue.append("quick", lane: 1, group: 1) }
        let next = (0..<2).map { _ in queue.start()?.item }
        #expect(next == ["quick", "quick"])
        queue.ended(lane: 0)
        queue.append("quick", lane: 1, group: 1)
        #expect(queue.start()?.item == "quick", "though the others came before")
    }

    @Test
    func oneSlotIsLeftToLanesAndGroupsOfWhichNothingHasComeForAWhile() {
        func started(groups: [Int]) -> Int {
            var queue = StartQueue<Int>(slots: 16)
            for lane in 0..<3 {
                queue.append(0, lane: lane, group: groups[lane])
                if queue.start() != nil { queue.ended(lane: lane) }
            }
            for _ in 0..<2 { queue.survey { _, _ in false } }
            for item in 0..<20 { queue.append(item, lane: 0, group: groups[0]) }
            var started = 0
            while queue.start() != nil { started += 1 }
            queue.append(0, lane: 2, group: groups[2])
            #expect(queue.start()?.lane == 2, "the one that was left")
            return started
        }
        #expect(started(groups: [0, 0, 0]) == 15)
        #expect(started(groups: [0, 1, 2]) == 15)
    }

    @Test
    func aLaneThatIsIdleForAMomentHasItsShare() {
        var queue = StartQueue<Int>(slots: 16)
        for lane in 0..<2 { queue.append(0, lane: lane) }
        while let lane = queue.start()?.lane { queue.ended(lane: lane) }
        queue.survey { _, _ in false }
        for item in 0..<20 { queue.append(item, lane: 0) }
        var started = 0
        while queue.start() != nil { started += 1 }
        #expect(started == 12)
    }

    @Test
    func aLaneIsFullFromSomeThatWaitToHalfOfThem() {
        var queue = StartQueue<Int>(slots: 32)
        let slots: (Int) -> Int = { [16, 4][$0] }
        queue.append(0, lane: 0, group: 0)
        for item in 0..<20 { queue.append(item, lane: 1, group: 1) }
        let early = queue.noteFull(groupSlots: slots)
        #expect(!early, "there are slots")
        while queue.start(groupSlots: slots) != nil {}
        var news: [Bool] = []
        func next(_ count: Int) {
            while queue.count(lane: 1) < count { queue.append(0, lane: 1, group: 1) }
            while queue.count(lane: 1) > count {
                queue.ended(lane: 1)
                _ = queue.start(groupSlots: slots)
            }
            news.append(queue.noteFull(groupSlots: slots))
        }
        for count in [15, 16, 17, 8, 7, 15, 16] { next(count) }
        #expect(news == [false, true, false, false, true, false, true])
        #expect(queue.full == [1])
        // Two hundred of a second and more: what starts in an eighth of one may wait.
        next(200)
        next(3)
        queue.survey(groupSlots: slots) { _, _ in false }
        for count in [16, 25, 40] { next(count) }
        #expect(news.suffix(4) == [true, false, false, true], "\(news)")
    }

    @Test
    func aLaneIsFullWhenItHasItsShareOfTheOnlyGroup() {
        var queue = StartQueue<Int>(slots: 8)
        queue.append(0, lane: 0, rank: 1)
        for item in 0..<30 { queue.append(item, lane: 1, rank: 2) }
        while queue.start() != nil {}
        #expect(queue.active == 7, "six and the other")
        _ = queue.noteFull()
        #expect(queue.full == [1])
    }

    @Test
    func aSenderThatHasNotHeardOfAFullLaneIsHandedBackWhatItSends() {
        var queue = StartQueue<Int>(slots: 8)
        let slots: (Int) -> Int = { [8, 1][$0] }
        queue.append(0, lane: 0, group: 0)
        for item in 0..<140 { queue.append(item, lane: 1, group: 1) }
        while queue.start(groupSlots: slots) != nil {}
        #expect(!queue.isCrowded(1), "it is not known to be full")
        _ = queue.noteFull(groupSlots: slots)
        #expect(queue.isCrowded(1) && !queue.isCrowded(0))
        for _ in 0..<20 {
            queue.ended(lane: 1)
            _ = queue.start(groupSlots: slots)
        }
        #expect(!queue.isCrowded(1))
    }

    @Test
    func aLaneThatIsAloneIsNeverFull() {
        for lane in 0..<2 {
            var queue = StartQueue<Int>(slots: 2)
            for item in 0..<100 { queue.append(item, lane: lane) }
            while queue.start() != nil {}
            let isNews = queue.noteFull()
            #expect(!isNews && queue.full.isEmpty && !queue.isCrowded(lane))
        }
    }

    /// A pool with one slot and a silent gateway: another one can be seen all the same.
    @Test
    func whereNothingMovesThereIsRoomForAGroupThatHasNotBeenSeen() {
        var queue = StartQueue<Int>(slots: 32)
        let slots: (Int) -> Int = { _ in 1 }
        for item in 0..<2 { queue.append(item, lane: 0) }
        while queue.start(groupSlots: slots) != nil {}
        queue.survey(groupSlots: slots) { _, _ in false }
        #expect(queue.room(ahead: 1, groupSlots: slots) == 0, "it has just started")
        for _ in 0..<3 { queue.survey(groupSlots: slots) { _, _ in false } }
        while queue.count < 4, queue.room(ahead: 1, groupSlots: slots) > 0 { queue.append(2, lane: 0) }
        #expect(queue.count == 4)
        let isNews = queue.noteFull(groupSlots: slots)
        #expect(isNews && queue.full == [0], "no more of this one")
        #expect(queue.room(ahead: 1, groupSlots: slots) == 1)
        queue.ended(lane: 0)
        _ = queue.start(groupSlots: slots)
        queue.survey(groupSlots: slots) { _, _ in false }
        let moves = queue.noteFull(groupSlots: slots)
        #expect(moves && queue.full.isEmpty && queue.room(ahead: 1, groupSlots: slots) == 0)
    }

    /// Or what waits of one grows without end while the other has nothing.
    @Test
    func noPlaceIsLeftToWhatIsIdleUnlessNothingMoves() {
        for groups in [[0, 0], [0, 1]] {
            var queue = StartQueue<Int>(slots: 8)
            queue.append(0, lane: 1, group: groups[1])
            while let lane = queue.start()?.lane { queue.ended(lane: lane) }
            for _ in 0..<2 { queue.survey { _, _ in false } }
            for item in 0..<12 { queue.append(item, lane: 0, group: groups[0]) }
            while queue.start() != nil {}
            #expect(queue.active == 7)
            queue.survey { _, _ in false }
            #expect(queue.room(ahead: 4) == 0)
            queue.survey { _, _ in false }
            #expect(queue.room(ahead: 4) == 1, "nothing has started for a second")
        }
    }

    @Test
    func aLaneThatRestsTakesNoShareOfTheSlots() {
        var queue = StartQueue<String>(slots: 8)
        queue.append("dead", lane: 1)
        for _ in 0..<20 { queue.append("good", lane: 0) }
        queue.survey { lane, _ in lane == 1 }
        var started = 0
        while queue.start(where: { $0 == 0 }) != nil { started += 1 }
        #expect(started == 8)
        // The one that tries is the oldest, and has the next slot.
        queue.ended(lane: 0)
        #expect(queue.start()?.item == "dead")
    }

    @Test
    func asksForWhatItHasPlacesForAndNoMoreHoweverOften() {
        var queue = StartQueue<Int>(slots: 8)
        for _ in 0..<20 {
            for item in 0..<queue.room(ahead: 3) { queue.append(item, lane: 0) }
            while queue.start() != nil {}
        }
        #expect(queue.active == 8)
        #expect(queue.count == 3)
        queue.ended(lane: 0)
        #expect(queue.room(ahead: 3) == 1)
    }

    @Test
    func leavesPlacesToAnotherQueueHoweverMuchOneHas() {
        var queue = StartQueue<Int>(slots: 8)
        queue.append(0, lane: 0)
        for item in 0..<200 { queue.append(item, lane: 1) }
        while queue.start() != nil {}
        queue.ended(lane: 0)
        #expect(queue.active == 6)
        #expect(queue.room(ahead: 8) == 4)
        for item in 0..<4 { queue.append(item, lane: 0) }
        #expect(queue.room(ahead: 8) == 0)
    }

    @Test
    func startsNothingOfAQueueThatMayNotAndLetsItTakeNoPlaces() {
        var queue = StartQueue<String>(slots: 8)
        for _ in 0..<50 { queue.append("stuck", lane: 0) }
        queue.append("good", lane: 1)
        #expect(queue.start(where: { $0 != 0 })?.item == "good")
        #expect(queue.start(where: { $0 != 0 }) == nil)
        #expect(queue.room(ahead: 4, where: { $0 != 0 }) == 11)
        #expect(queue.room(ahead: 4) < 11)
        #expect(queue.start()?.item == "stuck")
    }

    @Test
    func givesEveryQueueAtLeastOneSlot() {
        var queue = StartQueue<Int>(slots: 1)
        queue.append(0, lane: 0)
        queue.append(1, lane: 1)
        #expect(queue.start()?.item == 0)
        queue.ended(lane: 0)
        #expect(queue.start()?.item == 1)
    }

    @Test
    func takesOutOfOneLaneWhatIsNotWantedThere() {
        var queue = StartQueue<Int>(slots: 1)
        for item in 0..<6 { queue.append(item, lane: item % 2) }
        var asked: [Int] = []
        let removed = queue.remove(lane: 1) { item in
            asked.append(item)
            return item > 1
        }
        #expect(removed == [3, 5] && asked == [1, 3, 5])
        #expect(queue.count == 4 && queue.count(lane: 0) == 3 && queue.busyLanes == [0, 1])
        let rest = queue.remove(lane: 1) { _ in true }
        #expect(rest == [1])
        #expect(queue.busyLanes == [0])
        #expect(queue.start()?.item == 0)
    }

    @Test
    func forgetsWhatWaitsButNotWhatRuns() {
        var queue = StartQueue<Int>(slots: 1)
        queue.append(0, lane: 0)
        queue.append(1, lane: 0)
        #expect(queue.start()?.item == 0)
        queue.removeAll()
        #expect(queue.count == 0)
        #expect(queue.active == 1)
        #expect(queue.start() == nil)
    }
}

struct StartsAheadTests {
    @Test
    func keepsOneAtHandWhenNothingStarts() {
        var ahead = StartsAhead(concurrency: 8)
        #expect(ahead.count(at: .seconds(5)) == 1)
    }

    @Test
    func keepsAtHandWhatStartsWithinFiftyMilliseconds() {
        var ahead = StartsAhead(concurrency: 64)
        // 640 starts a second.
        for start in 0..<1280 { ahead.started(at: .seconds(Double(start) / 640)) }
        #expect((30...34).contains(ahead.count(at: .seconds(2))))
    }

    @Test
    func neverKeepsMoreThanTwiceTheSlots() {
        var ahead = StartsAhead(concurrency: 8)
        for start in 0..<20_000 { ahead.started(at: .seconds(Double(start) / 10_000)) }
        #expect(ahead.count(at: .seconds(2)) == 16)
    }

    @Test
    func forgetsABurstSoon() {
        var ahead = StartsAhead(concurrency: 64)
        for _ in 0..<1000 { ahead.started(at: .milliseconds(1)) }
        #expect(ahead.count(at: .milliseconds(2)) > 60)
        #expect(ahead.count(at: .seconds(1)) < 60)
        #expect(ahead.count(at: .seconds(2)) == 1)
    }
}
