import Glibc
import Testing

@testable import HTTP

/// What is asked of a connection when its answer is over, on real sockets.
@Suite(.timeLimit(.minutes(1)))
struct RestingConnectionTests {
    /// One byte more than the answer may be the end of the connection or a byte that nobody asked for; only a look tells,
    /// where an earlier look has taken the kernel's notice already.
    @Test(arguments: [(0, true), (1, false)])
    func isKeptOnlyIfNothingFollowsItsAnswer(surplus: Int, isKept: Bool) async throws {
        let pair = try LoopbackPair()
        let connections = Connections()
        connections.opened(pair.client, isHTTP2: false, url: "http://a/", tls: nil)
        #expect(send(pair.client, "request", 7, 0) == 7)
        var bytes = [UInt8](repeating: 0x20, count: 100 + surplus)
        #expect(send(pair.server, bytes, bytes.count, 0) == bytes.count)
        #expect(await eventually { TCPCounts(pair.client)?.received == UInt64(bytes.count) })

        #expect(!connections.dissolveThoseThatSpoke(), "it is in use")
        let begin = connections.answerBegins(on: pair.client, url: "http://a/", isSent: true)
        #expect(begin.connection == pair.client && begin.isCaused)
        #expect(!connections.answerHas(100, on: pair.client))
        #expect(recv(pair.client, &bytes, 100, 0) == 100)
        connections.rests(pair.client)
        #expect(pair.isConnected == isKept)
    }
}

/// Both ends of a TCP connection.
private final class LoopbackPair: Sendable {
    struct Failure: Error {}

    let client = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
    let server: CInt

    init() throws {
        let listener = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        defer { close(listener) }
        let client = client
        guard withLoopbackAddress(listenOnLoopback(listener), { connect(client, $0, $1) }) == 0 else { throw Failure() }
        server = accept(listener, nil, nil)
    }

    deinit {
        close(client)
        close(server)
    }

    /// The client's end.
    var isConnected: Bool {
        withLoopbackAddress(0) { address, length in
            var length = length
            return getpeername(client, address, &length) == 0
        }
    }
}
