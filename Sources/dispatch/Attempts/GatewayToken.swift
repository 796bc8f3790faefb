import Glibc
package import Loop
package import Messages

/// The bearer token of `--gateway-token-file`, read again when the file changes.
///
/// Looks at the file once a second at most, and follows links, so that what Kubernetes does with secrets (it swaps a
/// link to a new folder) is seen.
@PipelineActor
package final class GatewayToken {
    /// How often the file is looked at, at most.
    private static let interval = Duration.seconds(1)

    private let path: String
    private let warn: @PipelineActor (String) -> Void
    private let clock: @PipelineActor () -> ContinuousClock.Instant
    private var token: String
    private var version: FileVersion?
    private var lastLook: ContinuousClock.Instant
    private var hasWarned = false

    /// - Parameters:
    ///   - warn: told once when the file can no longer be read; the last token is used on.
    ///   - clock: for tests.
    /// - Throws: `GatewayTokenError` when there is no token in the file.
    package init(
        path: String, warn: @escaping @PipelineActor (String) -> Void,
        clock: @escaping @PipelineActor () -> ContinuousClock.Instant = { .now }
    ) throws(GatewayTokenError) {
        self.path = path
        self.warn = warn
        self.clock = clock
        version = FileVersion(path)
        token = try readToken(path)
        lastLook = clock()
    }

    /// The header of the next attempt.
    package var authorization: HeaderField {
        refresh()
        return HeaderField("Authorization", "Bearer \(token)")
    }

    /// `headers` with ours in the place of whatever the message brought.
    package func authorize(_ headers: [HeaderField]) -> [HeaderField] {
        headers.filter { !$0.isNamed("Authorization") } + [authorization]
    }

    private func refresh() {
        let now = clock()
        guard now - lastLook >= Self.interval else { return }
        lastLook = now
        let found = FileVersion(path)
        if let found, found == version { return }
        do throws(GatewayTokenError) {
            token = try readToken(path)
            version = found
            hasWarned = false
        } catch {
            if !hasWarned { warn("\(error); the last token is used on") }
            hasWarned = true
        }
    }
}

/// Why there is no token.
package struct GatewayTokenError: Error, Sendable, Equatable, CustomStringConvertible {
    package let path: String
    package let reason: String

    package var description: String { "gateway token file \(path): \(reason)" }
}

/// What tells one state of a file from the next.
private struct FileVersion: Equatable {
    private let device: UInt
    private let inode: UInt
    private let size: Int
    private let seconds: Int
    private let nanoseconds: Int

    init?(_ path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        (device, inode, size) = (UInt(status.st_dev), UInt(status.st_ino), Int(status.st_size))
        (seconds, nanoseconds) = (status.st_mtim.tv_sec, status.st_mtim.tv_nsec)
    }
}

/// The first 64 KiB of the file without white space around them.
private func readToken(_ path: String) throws(GatewayTokenError) -> String {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw GatewayTokenError(path: path, reason: String(cString: strerror(errno))) }
    defer { close(file) }
    var bytes = [UInt8](repeating: 0, count: 64 << 10)
    let count = read(file, &bytes, bytes.count)
    guard count >= 0 else { throw GatewayTokenError(path: path, reason: String(cString: strerror(errno))) }
    let isSpace = { (byte: UInt8) in byte == 0x20 || (0x09...0x0D).contains(byte) }
    var token = bytes[..<count].drop(while: isSpace)
    while let last = token.last, isSpace(last) { token.removeLast() }
    guard !token.isEmpty else { throw GatewayTokenError(path: path, reason: "it is empty") }
    guard token.allSatisfy({ (0x21...0x7E).contains($0) }) else {
        throw GatewayTokenError(path: path, reason: "it holds more than one word of ASCII")
    }
    return String(decoding: token, as: UTF8.self)
}
