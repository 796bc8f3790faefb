internal import CEpoll
import Foundation
import Synchronization

/// Serves a port on a thread of its own, which waits for nothing but sockets: whatever hangs in the process, there is an
/// answer, and whatever happens on the port, the process does not feel it.
///
/// Everything is bounded: connections in number, and each in time and bytes. Strangers who fill the port are closed to
/// make room, those first that have not asked anything. One descriptor is kept in reserve, so that a question is
/// answered when the process has no other left.
package final class StatusListener: Sendable {
    private struct Shared {
        /// Answers that have come, for the connections with these numbers.
        var answers: [(id: UInt64, answer: [UInt8])] = []
        var isStopped = false
    }

    package let port: UInt16
    private let socket: CInt
    private let wakeUp: CInt
    private let service: any PortService
    private let onCrowd: @Sendable (_ most: Int) -> Void
    private let shared = Mutex(Shared())

    /// - Parameter onCrowd: Is told, on the thread that serves, how many connections there may be when there are too many.
    package init(
        host: String, port: UInt16, service: any PortService, onCrowd: @escaping @Sendable (_ most: Int) -> Void
    ) throws(StatusServerError) {
        let wakeUp = eventfd(0, CInt(EFD_NONBLOCK) | CInt(EFD_CLOEXEC))
        guard wakeUp >= 0 else { throw StatusServerError(address: "\(host):\(port)", code: errno) }
        do {
            socket = try BindAddress.listen(host: host, port: port)
        } catch {
            close(wakeUp)
            throw error
        }
        self.wakeUp = wakeUp
        self.port = BindAddress.port(of: socket)
        self.service = service
        self.onCrowd = onCrowd
    }

    deinit {
        close(socket)
        close(wakeUp)
    }

    /// Ends `serve`.
    package func stop() {
        shared.withLock { $0.isStopped = true }
        eventfd_write(wakeUp, 1)
    }

    /// Serves until `stop` is called; on the thread it is called on.
    package func serve() {
        var room = StatusRoom(socket, service.limits, onCrowd: onCrowd)
        while !shared.withLock({ $0.isStopped }) {
            let ready = room.wait(wakeUp)
            var count: eventfd_t = 0
            eventfd_read(wakeUp, &count)
            let now = StatusRoom.now
            for (id, answer) in takeAnswers() { room.arrived(answer, for: id, now: now) }
            for id in ready { step(id, &room, now) }
            for id in room.accept(now: now) { step(id, &room, now) }
            room.expire(now: now)
        }
        room.closeAll()
        // From now on connections are refused.
        shutdown(socket, CInt(SHUT_RDWR))
    }

    private func takeAnswers() -> [(id: UInt64, answer: [UInt8])] {
        shared.withLock { shared in
            defer { shared.answers = [] }
            return shared.answers
        }
    }

    private func step(_ id: UInt64, _ room: inout StatusRoom, _ now: Duration) {
        switch room.step(id, now: now) {
        case .incomplete: return
        case .refused: room.answer(id, service.refusal, now: now)
        case .complete(let head, let body):
            switch service.reply(to: head, body: body) {
            case .now(let answer): room.answer(id, answer, now: now)
            case .later(let silence, let ask):
                guard room.wait(for: id, now: now, orElse: silence) else {
                    return room.answer(id, silence, now: now)
                }
                Task {
                    let answer = await ask()
                    shared.withLock { $0.answers.append((id, answer)) }
                    eventfd_write(wakeUp, 1)
                }
            }
        }
    }
}
