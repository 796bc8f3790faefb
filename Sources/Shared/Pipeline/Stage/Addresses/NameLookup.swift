import Foundation
import Synchronization

/// One look-up of a name's addresses, on a thread of its own: getaddrinfo(3) blocks as long as its name servers are
/// silent, and cannot be cancelled.
enum NameLookup {
    enum Answer: Sendable, Equatable {
        /// Numeric addresses, IPv6 ones in brackets; none if the name does not exist.
        case addresses([String])
        /// No server answered; the addresses known before may still be valid.
        case unknown(reason: String)
    }

    /// Calls `body` with the answer, on that thread.
    static func start(_ host: String, _ body: @escaping @Sendable (Answer) -> Void) {
        let thread = Thread { body(answer(host)) }
        thread.name = "lookup"
        thread.stackSize = 256 << 10
        thread.start()
    }

    /// The answer, if it comes within so many seconds.
    ///
    /// It blocks: only for the start of a process, before requests flow.
    static func wait(_ host: String, seconds: Int) -> Answer {
        let slot = AnswerSlot()
        start(host) { slot.put($0) }
        return slot.take(within: .seconds(seconds)) ?? .unknown(reason: "no name server answered within \(seconds) s")
    }

    /// Source: getaddrinfo(3), getnameinfo(3).
    private static func answer(_ host: String) -> Answer {
        var hints = addrinfo()
        hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, nil, &hints, &list)
        defer { if let list { freeaddrinfo(list) } }
        guard code == 0 else {
            return code == EAI_NONAME ? .addresses([]) : .unknown(reason: String(cString: gai_strerror(code)))
        }
        var found: [String] = []
        var entry = list
        while let current = entry {
            let text = numeric(current.pointee.ai_addr, current.pointee.ai_addrlen)
            if let text, !found.contains(text) { found.append(text) }
            entry = current.pointee.ai_next
        }
        return .addresses(found)
    }
}

/// Hands one answer from thread to thread.
private final class AnswerSlot: Sendable {
    private let answer = Mutex<NameLookup.Answer?>(nil)
    private let isThere = DispatchSemaphore(value: 0)

    func put(_ value: NameLookup.Answer) {
        answer.withLock { $0 = value }
        isThere.signal()
    }

    func take(within time: DispatchTimeInterval) -> NameLookup.Answer? {
        guard isThere.wait(timeout: .now() + time) == .success else { return nil }
        return answer.withLock { $0 }
    }
}

/// A socket address as text, IPv6 in brackets.
///
/// Source: getnameinfo(3).
func numeric(_ address: UnsafePointer<sockaddr>?, _ length: socklen_t) -> String? {
    guard let address else { return nil }
    var buffer = [CChar](repeating: 0, count: Int(NI_MAXHOST))
    guard getnameinfo(address, length, &buffer, socklen_t(buffer.count), nil, 0, NI_NUMERICHOST) == 0 else {
        return nil
    }
    let text = String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    return address.pointee.sa_family == sa_family_t(AF_INET6) ? "[\(text)]" : text
}
