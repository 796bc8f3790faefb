import DequeModule
import Links

/// A frame between two simulated processes.
enum SimulatedFrame {
    case message(session: UInt64, number: UInt64, item: Int, losses: Int, assignment: Int)
    case hello(Hello)
    case report(Report)

    /// The transmission of a message this is part of, or `nil`.
    var assignment: Int? {
        if case .message(_, _, _, _, let assignment) = self { assignment } else { nil }
    }
}

/// One direction of one connection: keeps order, and may lose, delay or repeat.
final class Pipe {
    /// Slot of the process at the other end; whoever lives there gets the frames.
    let destination: Int
    /// Slot of the process that writes, and which incarnation of it.
    let source: Int
    let generation: Int
    /// The incarnation of the destination it leads to; `nil` for whoever lives there.
    let addressee: Int?
    /// Frames on their way and when they arrive, in order.
    var frames: Deque<(arrives: Int, frame: SimulatedFrame)> = []
    /// Nothing arrives before this time; nothing is lost either.
    var stalledUntil = 0
    /// What is written before this time is lost.
    var lostUntil = 0
    /// Everything written is lost until the socket is replaced.
    var isStuck = false

    init(from source: Int, generation: Int, to destination: Int, addressee: Int?) {
        self.source = source
        self.generation = generation
        self.destination = destination
        self.addressee = addressee
    }
}
