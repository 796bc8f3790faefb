import Foundation
import Synchronization

/// Looks up the addresses of hosts, each name on a thread of its own, so that nobody waits longer than he wants to.
///
/// A name is looked up once at a time, whoever asks. What it had last stays known while the name server does not answer.
enum NameLookup {
    struct Failure: Error {
        let reason: String
    }

    /// One call of getaddrinfo(3), which may take as long as the name server does not answer.
    private final class Call: Sendable {
        let result = Mutex<Result<[ServerAddress], Failure>?>(nil)
        let isOver = DispatchSemaphore(value: 0)
    }

    private struct State {
        var calls: [String: Call] = [:]
        var known: [String: [ServerAddress]] = [:]
    }

    private static let state = Mutex(State())

    /// All addresses of a host, in the order in which the system would try them; never none.
    ///
    /// Ends within 100 ms of the task's cancellation.
    static func addresses(of host: String, port: Int, within limit: Duration) throws(Failure) -> [ServerAddress] {
        if case .success(let numeric) = resolve(host, port, flags: AI_NUMERICHOST) { return numeric }
        let name = "\(host):\(port)"
        let end = ContinuousClock.now + limit
        let call = current(name, host, port)
        while ContinuousClock.now < end, !Task.isCancelled {
            // Whoever waits beside us wants to hear it too.
            if call.isOver.wait(timeout: .now() + .milliseconds(100)) == .success { call.isOver.signal() }
            guard let result = call.result.withLock(\.self) else { continue }
            if case .success(let found) = result { return found }
            break
        }
        if let known = state.withLock({ $0.known[name] }) { return known }
        if case .failure(let failure)? = call.result.withLock(\.self) { throw failure }
        throw Failure(reason: "\(host) was not found: no answer from the name server within \(limit)")
    }

    private static func current(_ name: String, _ host: String, _ port: Int) -> Call {
        state.withLock { state in
            if let call = state.calls[name] { return call }
            let call = Call()
            state.calls[name] = call
            Thread {
                let result = resolve(host, port, flags: 0)
                Self.state.withLock { state in
                    state.calls[name] = nil
                    if case .success(let found) = result { state.known[name] = found }
                }
                call.result.withLock { $0 = result }
                call.isOver.signal()
            }.start()
            return call
        }
    }

    /// Source: getaddrinfo(3).
    private static func resolve(_ host: String, _ port: Int, flags: CInt) -> Result<[ServerAddress], Failure> {
        var hints = addrinfo()
        hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
        hints.ai_flags = flags | AI_NUMERICSERV
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, String(port), &hints, &list)
        guard code == 0 else {
            return .failure(Failure(reason: "\(host) was not found: \(String(cString: gai_strerror(code)))"))
        }
        defer { freeaddrinfo(list) }
        var found: [ServerAddress] = []
        var next = list
        while let entry = next?.pointee {
            if let address = entry.ai_addr {
                let one = ServerAddress(address, length: Int(entry.ai_addrlen))
                if !found.contains(one) { found.append(one) }
            }
            next = entry.ai_next
        }
        // RFC 6761, 6.3: always the loopback addresses, whatever the system's tables say.
        if host.lowercased() == "localhost" {
            for number in ["127.0.0.1", "::1"] {
                guard case .success(let more) = resolve(number, port, flags: AI_NUMERICHOST) else { continue }
                found += more.filter { !found.contains($0) }
            }
        }
        return found.isEmpty ? .failure(Failure(reason: "\(host) has no address")) : .success(found)
    }
}
