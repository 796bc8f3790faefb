import CEpoll
import CProcess
import DequeModule
import Glibc
package import Processes
import TestServers

/// A gateway that costs a few microseconds per request: it answers every request with the same bytes, after the same
/// time, in one thread, and remembers when requests came and were answered.
///
/// `GET /log` gives and forgets what it remembers (`GatewayLog`).
package final class SmallGateway {
    private struct Waiting {
        let due: Int64
        let descriptor: CInt
        /// Of the connection: a descriptor may be somebody else's by then.
        let serial: Int
        let number: Int?
    }

    private static let batch = 512
    private let listener: CInt
    private let epoll: CInt
    private let delay: Int64
    private let answer: [UInt8]
    private var connections: [GatewayConnection?] = []
    private var waiting = Deque<Waiting>()
    private var log = GatewayLog()
    private var accepted = 0
    /// When the requests that are being read were found to be there: they do not wait for each other.
    private var turn: Int64 = 0
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 16)

    /// - Parameters:
    ///   - delay: nanoseconds between the end of a request and its answer.
    ///   - answerSize: bytes of the answer's body.
    package init(port: Int, delay: Int64, answerSize: Int) throws(ProcessFailure) {
        signal(SIGPIPE, SIG_IGN)
        // Otherwise the kernel wakes a process up to 50 µs late, to save power.
        _ = process_set_timer_slack(1)
        listener = try listen(port)
        epoll = epoll_create1(CInt(EPOLL_CLOEXEC))
        self.delay = delay
        answer = Array(Self.answer(size: answerSize).utf8)
        watch(listener, EPOLL_CTL_ADD, EPOLLIN.rawValue)
    }

    deinit { buffer.deallocate() }

    /// Serves until the process ends.
    package func run() -> Never {
        withUnsafeTemporaryAllocation(of: epoll_event.self, capacity: Self.batch) { events in
            while true {
                let count = wait(events)
                turn = Monotonic.now
                for event in events.prefix(max(0, Int(count))) {
                    if event.data.fd == listener { acceptAll() } else { serve(event.data.fd, event.events) }
                }
                answerDue()
            }
        }
    }

    /// Waits for events, or until the next answer is due, to the nanosecond.
    private func wait(_ events: UnsafeMutableBufferPointer<epoll_event>) -> CInt {
        guard let next = waiting.first?.due else {
            return epoll_wait(epoll, events.baseAddress, CInt(Self.batch), -1)
        }
        let left = max(0, next - Monotonic.now)
        if left == 0 { return epoll_wait(epoll, events.baseAddress, CInt(Self.batch), 0) }
        var time = timespec(tv_sec: Int(left / 1_000_000_000), tv_nsec: Int(left % 1_000_000_000))
        return epoll_pwait2(epoll, events.baseAddress, CInt(Self.batch), &time, nil)
    }

    private func acceptAll() {
        while true {
            let descriptor = accept(listener, nil, nil)
            guard descriptor >= 0 else { return }
            _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
            var on: CInt = 1
            setsockopt(descriptor, CInt(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<CInt>.size))
            while connections.count <= Int(descriptor) { connections.append(nil) }
            accepted += 1
            connections[Int(descriptor)] = GatewayConnection(descriptor, serial: accepted)
            watch(descriptor, EPOLL_CTL_ADD, EPOLLIN.rawValue)
        }
    }

    private func serve(_ descriptor: CInt, _ events: UInt32) {
        guard let connection = connections[Int(descriptor)] else { return }
        if events & EPOLLOUT.rawValue != 0 { write(connection) }
        guard events & ~EPOLLOUT.rawValue != 0 else { return }
        let count = read(descriptor, buffer.baseAddress, buffer.count)
        if count < 0, errno == EAGAIN || errno == EINTR { return }
        guard count > 0 else {
            close(descriptor)
            connections[Int(descriptor)] = nil
            return
        }
        connection.reader.read(UnsafeRawBufferPointer(rebasing: buffer[..<count])) { event in
            switch event {
            case .isAsked: send(Array("HTTP/1.1 100 Continue\r\n\r\n".utf8), on: connection)
            case .request(_, wantsLog: true): send(log.takeResponse(), on: connection)
            case .request(let number, _): receive(number, on: connection)
            }
        }
    }

    private func receive(_ number: Int?, on connection: GatewayConnection) {
        if let number { log.arrived(number, at: turn) }
        if delay == 0 {
            finish(number, on: connection)
        } else {
            waiting.append(
                Waiting(
                    due: turn + delay, descriptor: connection.descriptor, serial: connection.serial, number: number))
        }
    }

    /// Answers what is due, a few at a time: what has come meanwhile must not wait behind a burst.
    private func answerDue() {
        guard !waiting.isEmpty else { return }
        let now = Monotonic.now
        for _ in 0..<4 {
            guard let next = waiting.first, next.due <= now else { return }
            waiting.removeFirst()
            if let connection = connections[Int(next.descriptor)], connection.serial == next.serial {
                finish(next.number, on: connection)
            }
        }
    }

    private func finish(_ number: Int?, on connection: GatewayConnection) {
        if let number { log.answered(number, at: Monotonic.now) }
        send(answer, on: connection)
    }

    private func send(_ bytes: [UInt8], on connection: GatewayConnection) {
        connection.output.append((bytes, 0))
        if connection.output.count == 1 { write(connection) }
    }

    private func write(_ connection: GatewayConnection) {
        let isDone = connection.write()
        guard isDone == connection.isBlocked else { return }
        connection.isBlocked = !isDone
        watch(connection.descriptor, EPOLL_CTL_MOD, EPOLLIN.rawValue | (isDone ? 0 : EPOLLOUT.rawValue))
    }

    private func watch(_ descriptor: CInt, _ operation: CInt, _ events: UInt32) {
        var event = epoll_event()
        event.events = events
        event.data.fd = descriptor
        epoll_ctl(epoll, operation, descriptor, &event)
    }

    private static func answer(size: Int) -> String {
        let start = #"{"choices":[{"text":""#
        let end = #""}]}"#
        let body = start + String(repeating: "z", count: max(0, size - start.utf8.count - end.utf8.count)) + end
        return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }
}

/// Listens on a port of the loopback address.
private func listen(_ port: Int) throws(ProcessFailure) -> CInt {
    let listener = socket(AF_INET, CInt(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
    var on: CInt = 1
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<CInt>.size))
    let isBound = withLoopback(port) { bind(listener, $0, $1) == 0 }
    guard isBound, Glibc.listen(listener, 4096) == 0 else { throw ProcessFailure("cannot listen on port \(port)") }
    return listener
}
