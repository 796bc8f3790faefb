import Foundation
import Synchronization

/// Writes lines to a descriptor on a thread of its own, so that a reader who stops reading holds up nobody else.
///
/// Each line goes out in one write, so lines of several processes do not mix in a pipe while they are short (PIPE_BUF,
/// pipe(7)). What cannot be written, and what does not fit the backlog meanwhile, is counted and said as soon as a line
/// gets through again. The descriptor may be shared with other processes: it is left as it is, blocking or not.
package final class LogWriter: Sendable {
    private struct State {
        var backlog = LogBacklog()
        /// The thread has something in its hands.
        var isWriting = false
        /// Who waits until it has nothing.
        var waiting: [DispatchSemaphore] = []
    }

    /// That of the process, for `flush`.
    private static let standardError = Mutex<LogWriter?>(nil)

    private let descriptor: CInt
    /// The line that says how many are missing.
    private let notice: @Sendable (Int) -> String
    private let state = Mutex(State())
    private let available = DispatchSemaphore(value: 0)

    /// - Parameter notice: makes the line that says how many are missing before it.
    init(descriptor: CInt, notice: @escaping @Sendable (Int) -> String) {
        self.descriptor = descriptor
        self.notice = notice
        let thread = Thread { [self] in serve() }
        thread.name = "log"
        thread.start()
    }

    /// The writer of this process's log.
    static func toStandardError(notice: @escaping @Sendable (Int) -> String) -> LogWriter {
        let writer = LogWriter(descriptor: STDERR_FILENO, notice: notice)
        standardError.withLock { $0 = writer }
        return writer
    }

    /// Hands a line over; never waits for whoever reads it.
    func write(_ line: String) {
        let isFirst = state.withLock { state in
            let isFirst = state.backlog.isEmpty && !state.isWriting
            state.backlog.add(line)
            return isFirst
        }
        if isFirst { available.signal() }
    }

    /// Waits until everything handed over is written, no longer than `limit`; before the process ends.
    package static func flush(within limit: Duration) {
        standardError.withLock { $0 }?.flush(within: limit)
    }

    func flush(within limit: Duration) {
        let done = DispatchSemaphore(value: 0)
        let isIdle = state.withLock { state in
            let isIdle = state.backlog.isEmpty && !state.isWriting
            if !isIdle { state.waiting.append(done) }
            return isIdle
        }
        if !isIdle { _ = done.wait(timeout: .now() + .milliseconds(Int(limit / .milliseconds(1)))) }
    }

    private func serve() {
        var missing = 0
        while true {
            available.wait()
            while let batch = take() {
                for line in batch.lines { send(line, &missing) }
                missing += batch.dropped
                if missing > 0, put(notice(missing)) { missing = 0 }
            }
        }
    }

    /// - Returns: `nil` when there is nothing; then nobody waits any more.
    private func take() -> (lines: [String], dropped: Int)? {
        state.withLock { state in
            state.isWriting = !state.backlog.isEmpty
            if state.isWriting { return state.backlog.take() }
            for waiting in state.waiting { waiting.signal() }
            state.waiting = []
            return nil
        }
    }

    /// Writes a line, after the notice about those that are missing before it.
    private func send(_ line: String, _ missing: inout Int) {
        if missing > 0, put(notice(missing)) { missing = 0 }
        if missing > 0 || !put(line) { missing += 1 }
    }

    /// Writes all of `line`, however long that takes.
    ///
    /// - Returns: `false` when it cannot be: the reader is gone (EPIPE), the disk is full.
    private func put(_ line: String) -> Bool {
        var line = line
        return line.withUTF8 { bytes in
            var rest = UnsafeRawBufferPointer(bytes)[...]
            while !rest.isEmpty {
                let count = Foundation.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                if count > 0 {
                    rest = rest.dropFirst(count)
                } else if count < 0, errno == EAGAIN {
                    var item = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                    poll(&item, 1, -1)
                } else if count == 0 || errno != EINTR {
                    return false
                }
            }
            return true
        }
    }
}
