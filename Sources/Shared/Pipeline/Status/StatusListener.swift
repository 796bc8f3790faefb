internal import CEpoll
import Foundation
import Logging
import Synchronization

/// Serves the status port on a thread of its own, which waits for nothing but sockets: whatever hangs in the stage,
/// there is an answer, and whatever happens on the port, the stage does not feel it.
///
/// Everything is bounded: connections in number, and each in time and bytes. Strangers who fill the port are closed to
/// make room, those first that have not asked anything. One descriptor is kept in reserve, so that a question is
/// answered when the process has no other left.
final class StatusListener: Sendable {
    private struct Shared {
        /// What the stage has answered, for the connections with these numbers.
        var answers: [(id: UInt64, answer: StatusAnswer)] = []
        var isStopped = false
    }

    let port: UInt16
    private let socket: CInt
    private let wakeUp: CInt
    private let responder: StatusResponder
    private let answerLimit: Duration
    private let logger: Logger
    private let shared = Mutex(Shared())

    /// - Parameter answerLimit: How long the stage may take for an answer.
    init(
        host: String, port: UInt16, responder: StatusResponder, answerLimit: Duration, logger: Logger
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
        self.responder = responder
        self.answerLimit = answerLimit
        self.logger = logger
    }

    deinit {
        close(socket)
        close(wakeUp)
    }

    /// Ends `serve`.
    func stop() {
        shared.withLock { $0.isStopped = true }
        eventfd_write(wakeUp, 1)
    }

    /// Serves until `stop` is called; on the thread it is called on.
    func serve() {
        var room = StatusRoom(socket)
        while !shared.withLock({ $0.isStopped }) {
            let ready = room.wait(wakeUp)
            var count: eventfd_t = 0
            eventfd_read(wakeUp, &count)
            let now = StatusRoom.now
            for (id, answer) in takeAnswers() { room.stageAnswered(id, answer, now: now) }
            for id in ready { step(id, &room, now) }
            for id in room.accept(now: now, logger) { step(id, &room, now) }
            for (id, question) in room.expire(now: now) {
                room.answer(id, responder.silence(about: question), now: now)
            }
        }
        room.closeAll()
        // From now on connections are refused.
        shutdown(socket, CInt(SHUT_RDWR))
    }

    private func takeAnswers() -> [(id: UInt64, answer: StatusAnswer)] {
        shared.withLock { shared in
            defer { shared.answers = [] }
            return shared.answers
        }
    }

    private func step(_ id: UInt64, _ room: inout StatusRoom, _ now: Duration) {
        switch room.step(id, now: now) {
        case .incomplete: return
        case .refused:
            let reason = "expected a GET of HTTP/1.1, of \(RequestHead.longest) bytes at most"
            room.answer(id, .json(.badRequest, StatusDocument.error(reason)), now: now)
        case .complete(let head):
            switch responder.reply(to: head) {
            case .now(let answer): room.answer(id, answer, now: now)
            case .ask(let question): ask(question, id, &room, now)
            }
        }
    }

    private func ask(_ question: StatusResponder.Question, _ id: UInt64, _ room: inout StatusRoom, _ now: Duration) {
        guard room.ask(id, question, until: now + answerLimit) else {
            return room.answer(id, responder.silence(about: question), now: now)
        }
        Task {
            let answer = await responder.answer(to: question)
            shared.withLock { $0.answers.append((id, answer)) }
            eventfd_write(wakeUp, 1)
        }
    }
}
