import Foundation
import Glibc
import Primitives
import Synchronization
import Testing

@testable import Loop

/// One at a time: there is one loop in a process, and one of these blocks the cooperative pool.
@Suite(.serialized)
struct EventLoopTests {
    @Test(.timeLimit(.minutes(1)))
    func firesATimerAfterItsDelayAndNotBefore() async {
        let waited = await withCheckedContinuation { continuation in
            onLoop { loop in
                let start = monotonicNanoseconds()
                loop.schedule(after: .milliseconds(30)) {
                    continuation.resume(returning: monotonicNanoseconds() - start)
                }
            }
        }
        #expect(waited >= 30_000_000)
    }

    @Test(.timeLimit(.minutes(1)))
    func firesTimersInTheOrderTheyAreDue() async {
        let order = await withCheckedContinuation { (continuation: CheckedContinuation<[Int], Never>) in
            onLoop { loop in
                let seen = Seen()
                loop.schedule(after: .milliseconds(20)) { seen.values.append(2) }
                loop.schedule(after: .milliseconds(10)) { seen.values.append(1) }
                loop.schedule(after: .milliseconds(30)) { continuation.resume(returning: seen.values) }
            }
        }
        #expect(order == [1, 2])
    }

    @Test(.timeLimit(.minutes(1)))
    func neverFiresACancelledTimer() async {
        let order = await withCheckedContinuation { (continuation: CheckedContinuation<[Int], Never>) in
            onLoop { loop in
                let seen = Seen()
                let timer = loop.schedule(after: .milliseconds(1)) { seen.values.append(1) }
                loop.cancel(timer)
                loop.schedule(after: .milliseconds(10)) { continuation.resume(returning: seen.values) }
            }
        }
        #expect(order == [])
    }

    @Test(.timeLimit(.minutes(1)))
    func callsTheHandlerOfADescriptorThatIsReadable() async throws {
        var ends: [CInt] = [0, 0]
        try #require(pipe(&ends) == 0)
        let (reading, writing) = (ends[0], ends[1])
        let readiness = await withCheckedContinuation { continuation in
            onLoop { loop in
                loop.watch(reading, .readable) { readiness in
                    loop.unwatch(reading)
                    continuation.resume(returning: readiness)
                }
                write(writing, "x", 1)
            }
        }
        #expect(readiness.contains(.readable))
        close(reading)
        close(writing)
    }

    @Test(.timeLimit(.minutes(1)))
    func watchesADescriptorWhoseNumberSomebodyClosedUnwatched() async throws {
        var (old, new): ([CInt], [CInt]) = ([0, 0], [0, 0])
        try #require(pipe(&old) == 0 && pipe(&new) == 0)
        let (number, oldWriting, reading, writing) = (old[0], old[1], new[0], new[1])
        let readiness = await withCheckedContinuation { continuation in
            onLoop { loop in
                loop.watch(number, .readable) { _ in }
                close(number)
                dup2(reading, number)
                loop.watch(number, .readable) { readiness in
                    loop.unwatch(number)
                    continuation.resume(returning: readiness)
                }
                write(writing, "x", 1)
            }
        }
        #expect(readiness.contains(.readable))
        for descriptor in [number, oldWriting, reading, writing] { close(descriptor) }
    }

    @Test(.timeLimit(.minutes(1)))
    func turnsAgainAtOnceForATurnHandlerThatHasMoreToDo() async {
        // With a second from turn to turn it would take longer than this test may.
        let turns = await withCheckedContinuation { (continuation: CheckedContinuation<Int, Never>) in
            onLoop { loop in
                let seen = Seen()
                seen.handler = loop.onTurn {
                    seen.values.append(0)
                    guard seen.values.count == 200 else { return .zero }
                    if let handler = seen.handler { loop.remove(handler) }
                    continuation.resume(returning: seen.values.count)
                    return nil
                }
            }
        }
        #expect(turns == 200)
    }

    @Test(.timeLimit(.minutes(1)))
    func runsJobsFromOtherThreadsWhileItSleeps() async {
        for round in 0..<2000 {
            let answer = await echo(round)
            #expect(answer == round)
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func turnsSoonAfterAJobThatCameFromAnotherThread() async {
        let turns = await TurnCounter()
        for _ in 0..<200 {
            let (before, start) = (await turns.count, ContinuousClock.now)
            while await turns.count <= before {}
            #expect(ContinuousClock.now - start < .milliseconds(500))
        }
        await turns.stop()
    }

    @Test(.timeLimit(.minutes(1)))
    func turnsWhileTheCooperativePoolIsBusy() async {
        _ = await echo(0)
        let isBusy = Flag(true)
        let hasTurned = Flag(false)
        Thread.detachNewThread {
            usleep(200_000)
            let start = ContinuousClock.now
            while ContinuousClock.now - start < .seconds(5), !hasTurned.isSet {
                usleep(10_000)
                let age = EventLoop.lastTurn.age
                hasTurned.isSet = age < ContinuousClock.now - start
            }
            isBusy.isSet = false
        }
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<64 { group.addTask { while isBusy.isSet { usleep(1000) } } }
        }
        #expect(hasTurned.isSet)
    }

    @Test(.timeLimit(.minutes(1)))
    func isAliveAsLongAsItTurns() async {
        _ = await echo(1)
        #expect(EventLoop.lastTurn.age < .seconds(5))
    }

    @Test(arguments: zip([Duration.seconds(1), .milliseconds(-5), .nanoseconds(7)], [1_000_000_000, -5_000_000, 7]))
    func countsNanosecondsOfADuration(duration: Duration, nanoseconds: Int) {
        #expect(duration.nanoseconds == Int64(nanoseconds))
    }

    @Test(.timeLimit(.minutes(1)))
    @PipelineActor
    func takesADelayOfAnyLength() {
        for delay in [Duration.seconds(Int64.max), .milliseconds(Int64.max), .seconds(Int64.min)] {
            EventLoop.shared.cancel(EventLoop.shared.schedule(after: delay) {})
        }
        #expect(Duration.seconds(Int64.max).nanoseconds > Duration.seconds(3_155_760_000).nanoseconds)
    }

    /// What happens between turns, as after SIGCONT, must not go by the turn before.
    @Test(.timeLimit(.minutes(1)))
    @PipelineActor
    func knowsTheTimeBetweenTurns() {
        let before = (turn: EventLoop.shared.now, time: EventLoop.currentTime)
        usleep(20_000)
        #expect(EventLoop.shared.now == before.turn)
        #expect(EventLoop.currentTime - before.time >= .milliseconds(20))
    }

    @PipelineActor private func echo(_ value: Int) -> Int { value }

    private func onLoop(_ body: @escaping @PipelineActor (EventLoop) -> Void) {
        Task { @PipelineActor in body(EventLoop.shared) }
    }
}

@PipelineActor private final class Seen {
    var values: [Int] = []
    var handler: TurnHandlerID?
}

@PipelineActor private final class TurnCounter {
    private(set) var count = 0
    private var handler: TurnHandlerID?

    init() {
        handler = EventLoop.shared.onTurn { [unowned self] in
            count += 1
            return nil
        }
    }

    func stop() {
        if let handler { EventLoop.shared.remove(handler) }
    }
}

private final class Flag: Sendable {
    private let value: Atomic<Bool>

    init(_ isSet: Bool) { value = Atomic(isSet) }

    var isSet: Bool {
        get { value.load(ordering: .relaxed) }
        set { value.store(newValue, ordering: .relaxed) }
    }
}
