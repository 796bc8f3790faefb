import Glibc
package import Loop
package import Messages

/// The bearer token of `--gateway-token-file`, read again when the file changes.
///
/// Looks at the file once a second at most, and follows links, so that what Kubernetes does with
/// secrets (it swaps a link to a new folder) is seen. It looks on a thread of its own, as a file may lie on a mount that
/// hangs: whoever needs the token gets the last one that was found.
@PipelineActor
package final class GatewayToken {
    /// How often the file is looked at, at most.
    private static let interval = Duration.seconds(1)
    private let path: String
    private let warn: @PipelineActor (String) -> Void
    private let clock: @PipelineActor () -> ContinuousClock.Instant
    private let patience: Duration
    private let call = BlockingCall()
    private var token: String
    private var version: FileVersion?
    private var lastLook: ContinuousClock.Instant
    private var hasWarned = false
    /// Another token has been found.
    package var onChange: @PipelineActor () -> Void = {}

    /// - Parameters:
    ///   - warn: told once when the file can no longer be read; the last token is used on.
    ///   - clock: for tests.
    ///   - patience: how long reading it may take before something is said.
    /// - Throws: `GatewayTokenError` when there is no token in the file, or it cannot be read within ten seconds.
    package init(
        path: String, warn: @escaping @PipelineActor (String) -> Void,
        clock: @escaping @PipelineActor () -> ContinuousClock.Instant = { .now }, patience: Duration = .seconds(5)
    ) throws(GatewayTokenError) {
        self.path = path
        self.warn = warn
        self.clock = clock
        self.patience = patience
        switch call.wait(within: .seconds(10), { Look(path, since: nil) }) {
        case .done(.unchanged): token = ""
        case .done(.found(let token, let version)): (self.token, self.version) = (token, version)
        case .done(.failed(let error)): throw error
        case .late, .busy: throw GatewayTokenError(path: path, reason: "it cannot be read within ten seconds")
        }
        lastLook = clock()
    }

    /// The header of the next attempt.
    package var authorization: HeaderField {
        look()
        return HeaderField("Authorization", "Bearer \(token)")
    }

    /// `headers` with ours in the place of whatever the message brought.
    package func authorize(_ headers: [HeaderField]) -> [HeaderField] {
        headers.filter { !$0.isNamed("Authorization") } + [authorization]
    }

    /// Whether the file is being looked at, and whether what was asked last is over; for tests.
    var isLooking: Bool { call.isUnderWay }
    var hasLooked: Bool { looks == 0 }
    private var looks = 0

    /// Looks at the file, unless that was done less than a second ago or is being done.
    package func look() {
        let now = clock()
        guard now - lastLook >= Self.interval, !call.isUnderWay else { return }
        lastLook = now
        looks += 1
        Task { [weak self, call, path, version, patience] in
            let outcome = await call.run(within: patience) { Look(path, since: version) }
            self?.take(outcome)
        }
    }

    private func take(_ outcome: BlockingCall.Outcome<Look>) {
        looks -= 1
        switch outcome {
        case .done(.unchanged): hasWarned = false
        case .done(.found(let token, let version)):
            let isNew = token != self.token
            (self.token, self.version) = (token, version)
            hasWarned = false
            if isNew { onChange() }
        case .done(.failed(let error)): complain(error)
        case .late:
            complain(
                GatewayTokenError(
                    path: path, reason: "reading it takes longer than \(patience); does its mount hang?"))
        case .busy: break
        }
    }

    private func complain(_ error: GatewayTokenError) {
        if !hasWarned { warn("\(error); the last token is used on") }
        hasWarned = true
    }
}

/// Why there is no token.
package struct GatewayTokenError: Error, Sendable, Equatable, CustomStringConvertible {
    package let path: String
    package let reason: String

    package var description: String { "gateway token file \(path): \(reason)" }
}

/// What tells one state of a file from the next.
private struct FileVersion: Sendable, Equatable {
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

/// One look at the file; blocks as long as the file system likes.
private enum Look: Sendable {
    case unchanged
    case found(String, FileVersion?)
    case failed(GatewayTokenError)

    init(_ path: String, since version: FileVersion?) {
        let found = FileVersion(path)
        if let found, found == version {
            self = .unchanged
            return
        }
        do throws(GatewayTokenError) {
            self = .found(try readToken(path), found)
        } catch {
            self = .failed(error)
        }
    }
}

/// The whole file without white space around it.
private func readToken(_ path: String) throws(GatewayTokenError) -> String {
    let limit = 64 << 10
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw GatewayTokenError(path: path, reason: String(cString: strerror(errno))) }
    defer { close(file) }
    var bytes = [UInt8](repeating: 0, count: limit + 1)
    var length = 0
    while length < bytes.count {
        let space = bytes.count - length
        let count = bytes.withUnsafeMutableBytes { read(file, $0.baseAddress?.advanced(by: length), space) }
        if count < 0, errno == EINTR { continue }
        guard count >= 0 else { throw GatewayTokenError(path: path, reason: String(cString: strerror(errno))) }
        if count == 0 { break }
        length += count
    }
    guard length <= limit else { throw GatewayTokenError(path: path, reason: "it is larger than \(limit) bytes") }
    return try token(in: bytes[..<length], path)
}

private func token(in bytes: ArraySlice<UInt8>, _ path: String) throws(GatewayTokenError) -> String {
    let isSpace = { (byte: UInt8) in byte == 0x20 || (0x09...0x0D).contains(byte) }
    var token = bytes.drop(while: isSpace)
    while let last = token.last, isSpace(last) { token.removeLast() }
    guard !token.isEmpty else { throw GatewayTokenError(path: path, reason: "it is empty") }
    guard token.allSatisfy({ (0x21...0x7E).contains($0) }) else {
        throw GatewayTokenError(path: path, reason: "it holds more than one word of ASCII")
    }
    return String(decoding: token, as: UTF8.self)
}
