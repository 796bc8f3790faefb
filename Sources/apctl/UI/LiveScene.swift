import Foundation
import Primitives
import Synchronization

/// Looks at the stages again and again, and keeps what was seen.
final class LiveScene: Sendable {
    private struct Seen {
        var history = TopHistory()
        var hour = HourOfPoints()
        var scene: TopScene?
    }

    private let seen = Mutex(Seen())
    /// Tells this run from others.
    private let run = AccessRules.newToken()

    /// Looks on a thread of its own, from now on until the process ends; returns after the first look.
    ///
    /// - Parameters:
    ///   - interval: Seconds from one look to the next.
    ///   - look: Blocks its thread until the stages have answered.
    func start(every interval: Double, _ look: @escaping @Sendable () -> Round) async {
        let (looks, looked) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        Thread.detachNewThread { [self] in
            while true {
                let next = Date(timeIntervalSinceNow: interval)
                take(look())
                looked.yield()
                Thread.sleep(until: next)
            }
        }
        for await _ in looks { break }
    }

    func take(_ round: Round) {
        seen.withLock { seen in
            let scene = seen.history.take(round)
            seen.hour.take(scene, at: round.time, wallClock: round.wallClock.milliseconds)
            seen.scene = scene
        }
    }

    /// What there is to see now.
    ///
    /// - Parameters:
    ///   - point: The number of the last point of the graphs that the page has; of this run.
    ///   - run: The run of which it has them.
    /// - Returns: `nil` before the first look.
    func document(after point: Int, of run: String?) -> SceneDocument? {
        seen.withLock { seen in
            guard let scene = seen.scene else { return nil }
            var document = SceneDocument(scene)
            document.run = self.run
            document.points = seen.hour.after(run == self.run ? point : 0)
            return document
        }
    }
}
