import Glibc
import Messages

/// The largest file that is read, in bytes; credentials have a few thousand.
private let maxFileBytes = 1 << 20

/// The whole of a small file.
///
/// - Parameter action: what errors say was tried.
func contents(of path: String, action: String) throws(GoogleAuthError) -> Bytes {
    guard let bytes = try contentsIfPresent(of: path, action: action) else {
        throw GoogleAuthError(.credentials, action, String(cString: strerror(ENOENT)))
    }
    return bytes
}

/// The same; `nil` when there is no such file.
///
/// Source: open(2), read(2).
func contentsIfPresent(of path: String, action: String) throws(GoogleAuthError) -> Bytes? {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    if file < 0, errno == ENOENT || errno == ENOTDIR { return nil }
    guard file >= 0 else { throw failure(action) }
    defer { close(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 16 << 10)
    while true {
        let count = read(file, &chunk, chunk.count)
        if count < 0, errno == EINTR { continue }
        if count < 0 { throw failure(action) }
        if count == 0 { return bytes[...] }
        bytes += chunk[..<count]
        if bytes.count > maxFileBytes {
            throw GoogleAuthError(.credentials, action, "the file is larger than \(maxFileBytes) bytes")
        }
    }
}

/// With the system's words for errno.
private func failure(_ action: String) -> GoogleAuthError {
    GoogleAuthError(.credentials, action, String(cString: strerror(errno)))
}
