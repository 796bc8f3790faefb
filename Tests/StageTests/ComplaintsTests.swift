import Logging
import Testing

@testable import Stage

/// What is said in the log, and how often.
struct ComplaintsTests {
    private let log = LogLines()
    private let begins = "A connection is wrong"
    private let ends = "A connection is wrong no longer"

    private func problems(_ texts: String...) -> [WiringProblem] { texts.map { WiringProblem($0, isBlocking: false) } }

    @Test
    func areMadeOnceWhenAProblemBeginsAndOnceWhenItIsOver() {
        var complaints = Complaints()
        for texts in [["a"], ["a"], ["a", "b"], ["b"], ["b"], [], [], ["a"]] {
            complaints.say(texts.map { WiringProblem($0, isBlocking: true) }, log.logger, ["link": "l"])
        }
        #expect(
            log().map { "\($0.message): \($0["problem"] ?? "")" } == [
                "\(begins): a", "\(begins): b", "\(ends): a", "\(ends): b", "\(begins): a",
            ])
        #expect(log().allSatisfy { $0["link"] == "l" })
    }

    @Test
    func areNotMadeAgainWhenOnlyTheNumberAtTheBeginningChanges() {
        var complaints = Complaints()
        for count in 1...20 { complaints.say(problems("\(count) messages wait"), log.logger) }
        complaints.say([], log.logger)
        #expect(log().map(\.message) == [begins, ends])
        #expect(log(ends).first?["problem"] == "20 messages wait")
    }

    @Test
    func tellProblemsApartThatDifferInAnotherNumber() {
        var complaints = Complaints()
        #expect(complaints.update(problems("the process at tcp://10.0.0.1:1")).new.count == 1)
        let changed = complaints.update(problems("the process at tcp://10.0.0.2:1"))
        #expect(changed.new == ["the process at tcp://10.0.0.2:1"])
        #expect(changed.over == ["the process at tcp://10.0.0.1:1"])
    }

    @Test
    func countTheSameProblemTwiceAsOne() {
        var complaints = Complaints()
        #expect(complaints.update(problems("3 wait", "4 wait")).new == ["3 wait"])
        #expect(complaints.update(problems("4 wait")).over.isEmpty)
    }

    @Test
    func areFewHoweverManyProblemsStrangersMake() {
        var complaints = Complaints()
        for round in 0..<100 {
            complaints.say((0..<10).map { WiringProblem("p\(round) \($0)", isBlocking: false) }, log.logger)
        }
        #expect((16...18).contains(log().count), "\(log().count) lines")
    }
}

struct SendingTroublesTests {
    private let log = LogLines()

    @Test
    func areSaidWithTheirNumberAndTheFirstOfThem() {
        var troubles = SendingTroubles()
        troubles.say(on: "l", at: .zero, log.logger)
        #expect(log().isEmpty)
        for number in 1...3 { troubles.connecting.note("no descriptor \(number)") }
        troubles.sending.note("EFAULT")
        troubles.say(on: "l", at: .zero, log.logger)
        #expect(log().map(\.message) == ["Cannot connect to a peer", "Cannot send"])
        #expect(log().map { $0["count"] } == ["3", "1"])
        #expect(log().map { $0["error"] } == ["no descriptor 1", "EFAULT"])
        #expect(log().allSatisfy { $0["link"] == "l" })
    }

    @Test
    func ofOneKindDoNotHideThoseOfAnother() {
        var troubles = SendingTroubles()
        troubles.connecting.note("a")
        troubles.say(on: "l", at: .zero, log.logger)
        troubles.connecting.note("b")
        troubles.unsendable.note("c")
        troubles.say(on: "l", at: .seconds(1), log.logger)
        #expect(log().map { $0["error"] } == ["a", "c"], "b has to wait for its time")
        troubles.say(on: "l", at: .seconds(5), log.logger)
        #expect(log().map { $0["error"] } == ["a", "c", "b"])
    }
}

struct StrangersTests {
    @Test
    func areNoneOnceTheyHaveProvedThemselves() {
        var places = StrangerPlaces()
        _ = places.admit("a", now: .zero)
        _ = places.admit("b", now: .zero)
        places.remove("a")
        places.remove("nobody")
        #expect(!places.contains("a") && places.count == 1)
        #expect(places.expire(now: .seconds(60)) == ["b"], "its place is given back once")
        #expect(places.count == 0)
    }

    @Test
    func keepTheirPlacesAsLongAsTheyAreWrittenTo() {
        var places = StrangerPlaces()
        _ = places.admit("a", now: .zero)
        for second in 1...20 {
            #expect(places.admit("a", now: .seconds(second)) == .known)
            #expect(places.expire(now: .seconds(second)).isEmpty)
        }
        #expect(places.expire(now: .seconds(20) + StrangerPlaces.lifetime) == ["a"])
    }

    @Test
    func areRefusedInAFloodAndAdmittedAMomentLater() {
        var places = StrangerPlaces()
        let flood = (0..<200).map { places.admit("\($0)", now: .seconds(1)) }
        #expect(flood.count { $0 == .refused } == 200 - StrangerPlaces.most)
        #expect(places.admit("199", now: .seconds(1)) == .refused)
        guard case .new(replacing: .some) = places.admit("199", now: .milliseconds(1010)) else {
            Issue.record("it has asked again in vain")
            return
        }
    }
}
