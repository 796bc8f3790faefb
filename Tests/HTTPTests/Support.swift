import Glibc
import Loop
import Synchronization

@testable import HTTP

extension HTTPClient {
    /// Waits for one exchange.
    func result(of request: HTTPRequest) async -> Result<HTTPResponse, HTTPError> {
        do throws(HTTPError) { return .success(try await response(to: request)) } catch { return .failure(error) }
    }

    func error(of request: HTTPRequest) async -> HTTPError? {
        if case .failure(let error) = await result(of: request) { return error }
        return nil
    }

    /// Starts all of them in one go, and waits for them, or for the first `most` that end.
    func results(of requests: [HTTPRequest], most: Int? = nil) async -> [Result<HTTPResponse, HTTPError>] {
        let gathering = Gathering(requests.count)
        gathering.left = most ?? requests.count
        return await withCheckedContinuation { continuation in
            for (index, request) in requests.enumerated() {
                start(request) { result in
                    gathering.results[index] = result
                    gathering.left -= 1
                    if gathering.left == 0 { continuation.resume(returning: gathering.results.compactMap(\.self)) }
                }
            }
        }
    }
}

@PipelineActor
private final class Gathering {
    var results: [Result<HTTPResponse, HTTPError>?]
    var left: Int

    init(_ count: Int) {
        results = Array(repeating: nil, count: count)
        left = count
    }
}

/// Blocks threads until as many have come as were announced.
final class Barrier: Sendable {
    private let semaphore: Mutex<Int>
    private let total: Int

    init(_ total: Int) {
        self.total = total
        semaphore = Mutex(0)
    }

    /// - Returns: whether all came within ten seconds.
    func wait() -> Bool {
        semaphore.withLock { $0 += 1 }
        for _ in 0..<10_000 {
            if semaphore.withLock({ $0 }) >= total { return true }
            usleep(1000)
        }
        return false
    }
}

/// Waits up to ten seconds for something that another thread does.
func eventually(_ condition: () async -> Bool) async -> Bool {
    for _ in 0..<2000 {
        if await condition() { return true }
        try? await Task.sleep(for: .milliseconds(5))
    }
    return false
}

extension HTTPRequest {
    init(_ url: String, _ body: String = "{}", timeout: Duration = .seconds(10), limit: Int = 1 << 20) {
        self.init(url: url, body: Array(body.utf8)[...], timeout: timeout, maxResponseBytes: limit)
    }
}

/// Sockets of this process whose other end is `port` on loopback.
func sockets(to port: UInt16) -> [CInt] {
    (0..<20_000).filter { descriptor in
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let found = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getpeername(descriptor, $0, &length) == 0 }
        }
        return found && CInt(address.sin_family) == AF_INET && UInt16(bigEndian: address.sin_port) == port
    }
}

extension Barrier {
    /// Makes a server slow.
    static func pause(milliseconds: UInt32) { usleep(milliseconds * 1000) }
}

/// Whether every connection to `port` has been ended by its other side.
func openSocketsHaveEnded(to port: UInt16) -> Bool {
    sockets(to: port).allSatisfy { descriptor in
        var byte: UInt8 = 0
        return recv(descriptor, &byte, 1, CInt(MSG_PEEK) | CInt(MSG_DONTWAIT)) == 0
    }
}
