import Foundation
import Glibc
package import Redis
import Synchronization

/// A TCP proxy to one loopback port that cuts its connections, refuses new ones, delays or swallows what they carry,
/// when told to.
///
/// Stands between a client and a server under test. It runs on a thread of its own, which looks at its orders every
/// 10 ms and ends when the proxy is released.
package final class CuttingProxy: Sendable {
    /// Which way bytes go.
    package enum Direction: String, Sendable, CaseIterable {
        case toServer, toClient
    }

    struct State {
        var isOpen = true
        var mustCut = false
        var isReleased = false
        var pattern: [UInt8]?
        var cuts = 0
        var delay = Duration.zero
        var swallows: Direction?
    }

    final class Orders: Sendable {
        let state = Mutex(State())
    }

    package let port: Int
    private let orders = Orders()

    package init(to server: Int) throws {
        let listener = socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        port = try freePort()
        let isListening = withLoopback(port) { bind(listener, $0, $1) == 0 && listen(listener, 64) == 0 }
        guard isListening else {
            throw RedisError(
                operation: "listen on \(port)", reason: String(cString: strerror(errno)), kind: .connection)
        }
        let orders = orders
        Thread {
            var loop = ProxyLoop(listener: listener, server: server, orders: orders)
            while loop.turn() {}
        }.start()
    }

    deinit { orders.state.withLock { $0.isReleased = true } }

    package var url: RedisURL { RedisURL(.tcp(host: "127.0.0.1", port: port)) }

    /// How many connections were cut because of `swallowReply`.
    package var cuts: Int { orders.state.withLock(\.cuts) }

    /// Cuts every connection; new ones are taken.
    package func cut() { orders.state.withLock { $0.mustCut = true } }

    /// Cuts every connection, and every new one until `open`.
    package func close() {
        orders.state.withLock {
            $0.isOpen = false
            $0.mustCut = true
        }
    }

    package func open() { orders.state.withLock { $0.isOpen = true } }

    /// Lets every byte that arrives from now on wait for so long before it goes on; zero ends that.
    package func delay(_ delay: Duration) { orders.state.withLock { $0.delay = delay } }

    /// From now on bytes that go this way vanish, as in a network that has failed in one direction.
    ///
    /// With `nil` that ends, and every connection is cut: it has lost bytes that nobody will send again.
    package func swallow(_ direction: Direction?) {
        orders.state.withLock {
            if $0.swallows != nil, direction == nil { $0.mustCut = true }
            $0.swallows = direction
        }
    }

    /// Lets the next request that contains `text` reach the server; when the server answers, the connection is cut
    /// instead of handing the answer on.
    package func swallowReply(toRequestWith text: String) {
        orders.state.withLock { $0.pattern = Array(text.utf8) }
    }
}
