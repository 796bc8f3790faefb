import Attempts
import Messages
import Testing

@testable import Gateways

/// What is known of gateways from the attempts made there.
struct GatewaysTests {
    private static let url = "http://user:secret@Gateway:8000/v1/completions?key=secret"

    /// Gateways with one lane, and a clock.
    private final class Bench {
        var gateways = Gateways()
        var now = Duration.seconds(100)
        let lane: Int

        init(url: String = GatewaysTests.url) { lane = gateways.lane(queue: "q", url: url) }

        func observation(_ finding: Finding, latency: Duration = .milliseconds(5)) -> Attempter.Observation {
            .init(attemptClass: .failed, finding: finding, latency: latency)
        }

        func attempt(_ finding: Finding, ownToken: Bool = true, lane: Int? = nil) {
            let attempt = gateways.started(lane ?? self.lane, ownToken: ownToken, at: now)
            if case .answered = finding { gateways.connected(attempt, at: now) }
            if case .lost = finding { gateways.connected(attempt, at: now) }
            if case .unreached(let obstacle, _) = finding, obstacle.isBehindConnection {
                gateways.connected(attempt, at: now)
            }
            gateways.ended(attempt, observation(finding), at: now, random: 0.5)
        }

        /// The lane's condition after a second.
        func look(after time: Duration = .seconds(1), lane: Int? = nil) -> Gateways.Report {
            now += time
            gateways.survey(at: now, date: 1_000_000)
            return gateways.report(lane ?? self.lane, at: now)
        }

        var isHeld: Bool { gateways.isHeld(lane) }
        func mayStart() -> Bool { gateways.mayStart(lane, at: now) }
    }

    private static let refused = Finding.unreached(.connection, "Connection refused")

    @Test
    func aLaneIsOneQueueAtOneGatewayWhateverThePath() {
        var gateways = Gateways()
        let first = gateways.lane(queue: "a", url: "http://one:80/v1/completions")
        let again = gateways.lane(queue: "a", url: "http://ONE:80/v1/embeddings?x=1")
        let withPort = gateways.lane(queue: "a", url: "http://one/v1/completions")
        #expect(again == first && withPort == first)
        let others = [
            gateways.lane(queue: "b", url: "http://one:80/v1/completions"),
            gateways.lane(queue: "a", url: "https://one:80/v1/completions"),
            gateways.lane(queue: "a", url: "http://one:81/v1/completions"),
        ]
        #expect(Set([first] + others).count == 4)
    }

    @Test
    func namesAGatewayWithoutItsSecrets() {
        let bench = Bench()
        #expect(bench.look().gateway == "http://gateway:8000")
    }

    @Test
    func aGatewayThatRefusesConnectionsIsNamedAtOnceAndHeldAfterThree() {
        let bench = Bench()
        bench.attempt(Self.refused)
        let report = bench.look()
        #expect(report.condition == .unreachable)
        #expect(report.words.contains("refuses connections (Connection refused)"))
        #expect(!bench.isHeld)
        bench.attempt(Self.refused)
        bench.attempt(Self.refused)
        #expect(bench.isHeld && !bench.mayStart())
        bench.now += .seconds(1)
        #expect(bench.mayStart())
    }

    @Test
    func allQueuesOfAGatewayThatIsAwayAreHeldAndTheOthersAreNot() {
        let bench = Bench()
        let neighbour = bench.gateways.lane(queue: "other", url: Self.url)
        let elsewhere = bench.gateways.lane(queue: "q", url: "http://elsewhere/")
        for _ in 0..<3 { bench.attempt(Self.refused) }
        #expect(bench.gateways.isHeld(neighbour))
        #expect(!bench.gateways.isHeld(elsewhere) && bench.gateways.mayStart(elsewhere, at: bench.now))
        #expect(!bench.gateways.areAllHeld)
    }

    @Test
    func aConnectionIsEnoughToOpenTheWayAgain() {
        let bench = Bench()
        for _ in 0..<3 { bench.attempt(Self.refused) }
        bench.now += .seconds(1)
        let probe = bench.gateways.started(bench.lane, ownToken: true, at: bench.now)
        #expect(probe.isTrial && bench.isHeld && !bench.mayStart())
        bench.gateways.connected(probe, at: bench.now)
        #expect(!bench.isHeld && bench.mayStart())
        #expect(bench.look().condition == .unknown)
        bench.gateways.ended(probe, bench.observation(.answered(200)), at: bench.now, random: 0.5)
        #expect(bench.look().condition == .reachable)
    }

    /// Something that accepts every connection and ends it, such as a proxy with nothing behind it.
    @Test
    func aGatewayThatEndsConnectionsIsHeldAsWell() {
        let bench = Bench()
        for _ in 0..<3 { bench.attempt(.lost("Empty reply from server")) }
        #expect(bench.isHeld)
        let report = bench.look()
        #expect(report.condition == .unreachable && report.words.contains("ends connections without an answer"))
        for _ in 0..<5 {
            bench.now += .milliseconds(1300)
            #expect(bench.mayStart())
            bench.attempt(.lost("Empty reply from server"))
            #expect(bench.isHeld, "a connection is no proof there")
        }
    }

    @Test
    func aProbeThatKeepsItsConnectionOpensTheWayBeforeItIsAnswered() {
        let bench = Bench()
        for _ in 0..<3 { bench.attempt(.lost("reset")) }
        bench.now += .seconds(1)
        let probe = bench.gateways.started(bench.lane, ownToken: true, at: bench.now)
        bench.gateways.connected(probe, at: bench.now)
        _ = bench.look(after: .milliseconds(500))
        #expect(bench.isHeld)
        _ = bench.look(after: .milliseconds(600))
        #expect(!bench.isHeld)
    }

    /// Each has a connection, and none is of use.
    @Test(arguments: [Finding.Obstacle.admission, .wantsTLS])
    func aGatewayThatTurnsAwayWhoHasConnectedIsHeldAsWell(obstacle: Finding.Obstacle) {
        let bench = Bench()
        for _ in 0..<3 { bench.attempt(.unreached(obstacle, "alert")) }
        #expect(bench.isHeld)
        for _ in 0..<5 {
            bench.now += .seconds(5)
            bench.attempt(.unreached(obstacle, "alert"))
            #expect(bench.isHeld && bench.look(after: .milliseconds(10)).condition == .unreachable)
        }
        bench.now += .seconds(5)
        bench.attempt(.answered(200))
        #expect(!bench.isHeld)
    }

    /// Such as those that a proxy in front of it does not like.
    @Test
    func requestsWhoseConnectionsAreEndedHoldNobodyWhileOthersAreAnswered() {
        let bench = Bench()
        for _ in 0..<6 {
            bench.attempt(.answered(200))
            for _ in 0..<20 { bench.attempt(.lost("reset")) }
            #expect(!bench.isHeld && bench.mayStart())
            bench.now += .seconds(9)
        }
        bench.now += .seconds(2)
        for _ in 0..<3 { bench.attempt(.lost("reset")) }
        #expect(bench.isHeld)
    }

    @Test
    func oneRequestThatKillsItsServerHoldsNobody() {
        let bench = Bench()
        for _ in 0..<10 {
            bench.attempt(.answered(200))
            bench.attempt(.lost("reset"))
        }
        #expect(!bench.isHeld && bench.mayStart())
        bench.attempt(.answered(200))
        #expect(bench.look().condition == .reachable)
    }

    @Test
    func requestsThatTakeTooLongHoldNobody() {
        let bench = Bench()
        for _ in 0..<20 { bench.attempt(.late) }
        #expect(!bench.isHeld)
    }

    // MARK: - Answers

    @Test(arguments: [
        (401, GatewayCondition.unauthorised, "--gateway-token-file"), (403, .unauthorised, "does not permit"),
        (404, .wrongPath, "does not serve the model"), (405, .wrongPath, "takes no POST"), (429, .shedding, "no room"),
        (503, .failing, "nothing behind it"), (500, .failing, "its own log"),
    ])
    func aGatewayThatAnswersEverythingAlikeIsNamedWithTheFirstAnswer(
        status: Int, condition: GatewayCondition, words: String
    ) {
        let bench = Bench()
        bench.attempt(.answered(status))
        let report = bench.look()
        #expect(report.condition == condition)
        #expect(report.words.contains(words) && report.words.contains("\(status)"))
    }

    @Test(arguments: [401, 404, 429, 503])
    func onceItHasAnsweredWellItTakesThreeBadAnswersInARow(status: Int) {
        let bench = Bench()
        bench.attempt(.answered(200))
        for _ in 0..<2 { bench.attempt(.answered(status)) }
        #expect(bench.look().condition == .reachable)
        bench.attempt(.answered(status))
        #expect(bench.look().condition == GatewayCondition(status: status))
        bench.attempt(.answered(422))
        #expect(bench.look().condition == .reachable)
    }

    @Test
    func aTokenThatIsRefusedSpacesTheAttemptsOfItsQueue() {
        let bench = Bench()
        let neighbour = bench.gateways.lane(queue: "other", url: Self.url)
        for _ in 0..<3 { bench.attempt(.answered(401)) }
        #expect(bench.isHeld && !bench.gateways.isHeld(neighbour))
        var attempts = 0
        for _ in 0..<10_000 {
            if bench.mayStart() {
                bench.attempt(.answered(401))
                attempts += 1
            }
            bench.now += .milliseconds(1)
        }
        #expect((150...170).contains(attempts), "sixteen a second")
        bench.gateways.tokenChanged()
        #expect(!bench.isHeld && bench.mayStart())
    }

    /// Some are refused for reasons of their own, such as a model that the token may not use.
    @Test
    func aTokenThatWasJustAcceptedSpacesNothing() {
        let bench = Bench()
        bench.attempt(.answered(200))
        for _ in 0..<50 {
            bench.attempt(.answered(401))
            #expect(!bench.isHeld)
        }
        bench.now += .seconds(11)
        bench.attempt(.answered(401))
        #expect(bench.isHeld)
        bench.now += .seconds(1)
        bench.attempt(.answered(422))
        #expect(!bench.isHeld)
    }

    @Test
    func producersOwnTokensAndRightsThatAreMissingSpaceNothing() {
        let bench = Bench()
        for _ in 0..<20 { bench.attempt(.answered(401), ownToken: false) }
        for _ in 0..<20 { bench.attempt(.answered(403)) }
        #expect(!bench.isHeld)
    }

    @Test
    func anAttemptThatIsNotRefusedWithinTwoSecondsHasBeenLetIn() {
        let bench = Bench()
        for _ in 0..<3 { bench.attempt(.answered(401)) }
        bench.now += .seconds(1)
        _ = bench.gateways.started(bench.lane, ownToken: true, at: bench.now)
        _ = bench.look(after: .seconds(1))
        #expect(bench.isHeld)
        _ = bench.look(after: .seconds(1))
        #expect(!bench.isHeld)
    }

    @Test
    func aGatewayWithoutAttemptsForAMinuteIsNobodysTrouble() {
        let bench = Bench()
        bench.attempt(Self.refused)
        #expect(bench.look(after: .seconds(59)).isUsed)
        #expect(bench.gateways.connections(at: bench.now).map(\.isUp) == [false])
        #expect(!bench.look(after: .seconds(2)).isUsed)
        #expect(bench.gateways.connections(at: bench.now).map(\.isUp) == [nil])
    }

    @Test
    func aGatewayThatHangsIsSpokenOfHoweverLong() {
        let bench = Bench()
        _ = bench.gateways.started(bench.lane, ownToken: true, at: bench.now)
        let report = bench.look(after: .seconds(250))
        #expect(report.isUsed && report.condition.isTrouble)
    }

    // MARK: - Silence

    @Test
    func aGatewayThatHasNeverAnsweredIsSilentAfterFourSeconds() {
        let bench = Bench()
        let attempts = (0..<3).map { _ in bench.gateways.started(bench.lane, ownToken: true, at: bench.now) }
        for attempt in attempts { bench.gateways.connected(attempt, at: bench.now) }
        #expect(bench.look(after: .seconds(3)).condition == .unknown)
        let report = bench.look()
        #expect(report.condition == .silent)
        #expect(report.words == "3 requests are with it, and it has answered none for 4 s")
        bench.gateways.ended(attempts[0], bench.observation(.answered(200)), at: bench.now, random: 0.5)
        #expect(bench.look().condition == .reachable)
    }

    @Test
    func aGatewayToWhichNoConnectionComesAboutIsUnreachableAfterFourSeconds() {
        let bench = Bench()
        _ = bench.gateways.started(bench.lane, ownToken: true, at: bench.now)
        #expect(bench.look(after: .seconds(3)).condition == .unknown)
        let report = bench.look()
        #expect(report.condition == .unreachable && report.words.contains("does a firewall drop them"))
    }

    @Test
    func aSlowGatewayMayTakeThreeTimesItsLongest() {
        let bench = Bench()
        let first = bench.gateways.started(bench.lane, ownToken: true, at: bench.now)
        bench.now += .seconds(60)
        bench.gateways.ended(
            first, bench.observation(.answered(200), latency: .seconds(60)), at: bench.now, random: 0.5)
        _ = bench.gateways.started(bench.lane, ownToken: true, at: bench.now)
        #expect(bench.look(after: .seconds(170)).condition == .reachable)
        #expect(bench.look(after: .seconds(20)).condition == .silent)
    }

    // MARK: - Words

    @Test(arguments: [
        ("SSL certificate problem: unable to get local issuer certificate", "--tls-ca-cert"),
        ("SSL certificate problem: self-signed certificate", "--tls-ca-cert"),
        ("SSL certificate problem: certificate has expired", "has expired"),
        ("SSL: no alternative certificate subject name matches target host name 'localhost'", "another name"),
        ("error:0A000410:SSL routines::sslv3 alert handshake failure", "--tls-cert"),
        ("OpenSSL SSL_read: error:0A00045C:SSL routines::tlsv13 alert certificate required", "--tls-cert"),
        ("error:0A00010B:SSL routines::wrong version number", "plain HTTP"),
    ])
    func whatOpenSSLSaysComesWithACure(said: String, cure: String) {
        #expect(GatewayCondition.words(.tls, said).contains(cure))
        #expect(GatewayCondition.words(.tls, said).contains(said))
    }

    // MARK: - Bounds

    /// Names of queues and hosts are others' choice: what comes after many is served all the same, and never held.
    @Test
    func whatComesAfterAThousandQueuesSharesALaneThatIsNeverHeld() {
        var gateways = Gateways()
        for number in 0..<(Gateways.maxLanes + 50) {
            let lane = gateways.lane(queue: "q\(number)", url: "http://host\(number)/")
            #expect(lane == min(number, Gateways.maxLanes - 1))
            for _ in 0..<4 {
                let attempt = gateways.started(lane, ownToken: true, at: .seconds(1))
                gateways.ended(
                    attempt, .init(attemptClass: .unanswered, finding: Self.refused, latency: .zero), at: .seconds(1),
                    random: 0)
            }
        }
        #expect(gateways.isHeld(Gateways.maxLanes - 2))
        #expect(!gateways.isHeld(Gateways.maxLanes - 1))
        #expect(gateways.mayStart(Gateways.maxLanes - 1, at: .seconds(1)))
    }
}
