import Glibc
import Redis
import Synchronization

/// A TCP proxy to one loopback port that can cut its connections and refuse new ones, on demand.
///
/// Stands between a client and a server under test. One thread; ends when it is released.
package final class CuttingProxy: Sendable {
    private struct State {
        var isOpen = true
        var mustCut = false
        var isClosed = false
        /// Bytes of a request after whose reply the connection is cut, the reply unseen by the client.
        var pattern: [UInt8]?
        var cuts = 0
    }

    package let port: Int
    private let state: StateBox

    private final class StateBox: Sendable {
        let value = Mutex(State())
        let wakeUp = WakeUp()
    }

    package init(to server: Int) throws {
        let listener = try listen()
        port = listener.port
        let state = StateBox()
        self.state = state
        let thread = ProxyThread(listener: listener.descriptor, server: server)
        try startThread { thread.run(state.wakeUp) { Self.orders(state) } note: { state.value.withLock { $0.cuts += 1 } } }
    }

    deinit { change { $0.isClosed = true } }

    package var url: RedisURL { RedisURL(.tcp(host: "127.0.0.1", port: port)) }

    /// How many connections were cut after a reply that the client did not get.
    package var cuts: Int { state.value.withLock(\.cuts) }

    /// Cuts every connection; new ones are taken.
    package func cut() { change { $0.mustCut = true } }

    /// Cuts every connection and every new one, until `open`.
    package func close() {
        change {
            $0.isOpen = false
            $0.mustCut = true
        }
    }

    package func open() { change { $0.isOpen = true } }

    /// Lets the next request that contains `text` reach the server, and cuts its connection when the reply comes.
    package func swallowReply(toRequestWith text: String) { change { $0.pattern = Array(text.utf8) } }

    private func change(_ body: (inout State) -> Void) {
        state.value.withLock { body(&$0) }
        state.wakeUp.signal()
    }

    private static func orders(_ box: StateBox) -> ProxyThread.Orders {
        box.value.withLock { state in
            defer { state.mustCut = false }
            let orders = ProxyThread.Orders(
                isOpen: state.isOpen, mustCut: state.mustCut, isClosed: state.isClosed, pattern: state.pattern)
            return orders
        }
    }
}
