import Crypto
import Glibc
import HTTP

/// The bytes of a file, in order; unpacked where they are gzip, which their beginning tells.
final class ByteReader {
    private static let pieceBytes = 1 << 20
    /// Of packed bytes, so that what comes of one piece stays small.
    private static let packedPieceBytes = 64 << 10

    private let path: String
    private let descriptor: CInt
    private var inflater: Inflater?
    private var hasBegun = false
    private var hash: SHA256?

    /// - Parameter isHashed: whether `digest` will be asked for.
    init(path: String, isHashed: Bool = false) throws(RunError) {
        self.path = path
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system("open \(path)") }
        hash = isHashed ? SHA256() : nil
    }

    deinit { close(descriptor) }

    /// SHA-256 of what has been read, unpacked; hexadecimal.
    var digest: String {
        let bytes = hash.map { Array($0.finalize()) } ?? []
        return bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// Whether the file is packed; known once something has been read.
    var isGzip: Bool { inflater != nil }

    /// Appends more to `buffer`; `false` at the end.
    func read(into buffer: inout [UInt8]) throws(RunError) -> Bool {
        let before = buffer.count
        let isMore = try fill(&buffer)
        buffer[before...].withUnsafeBytes { hash?.update(bufferPointer: $0) }
        return isMore
    }

    private func fill(_ buffer: inout [UInt8]) throws(RunError) -> Bool {
        let before = buffer.count
        while buffer.count == before {
            let size = inflater == nil ? Self.pieceBytes : Self.packedPieceBytes
            var piece = [UInt8](repeating: 0, count: size)
            let count = Glibc.read(descriptor, &piece, size)
            if count < 0 {
                if errno == EINTR { continue }
                throw .system("read \(path)")
            }
            if count == 0 {
                if inflater?.isAtEnd == false { throw RunError("\(path) ends in the middle of its gzip data") }
                return false
            }
            if !hasBegun { try begin(piece[..<count]) }
            try append(piece[..<count], to: &buffer)
        }
        return true
    }

    private func begin(_ bytes: ArraySlice<UInt8>) throws(RunError) {
        hasBegun = true
        if bytes.starts(with: [0x1F, 0x8B]) { inflater = Inflater(isGzip: true) }
        guard let other = Self.others.first(where: { bytes.starts(with: $0.magic) }) else { return }
        throw RunError(
            "\(path) is \(other.name); requests are lines of UTF-8, as they are or in gzip. Convert it first")
    }

    /// What files of requests are sometimes kept in, and their first bytes.
    private static let others: [(name: String, magic: [UInt8])] = [
        ("UTF-16", [0xFF, 0xFE]), ("UTF-16", [0xFE, 0xFF]), ("packed with zstd", [0x28, 0xB5, 0x2F, 0xFD]),
        ("packed with xz", [0xFD, 0x37, 0x7A, 0x58]), ("packed with bzip2", [0x42, 0x5A, 0x68]),
        ("a zip archive", [0x50, 0x4B, 0x03, 0x04]),
    ]

    private func append(_ bytes: ArraySlice<UInt8>, to buffer: inout [UInt8]) throws(RunError) {
        guard let inflater else {
            buffer += bytes
            return
        }
        let failure = bytes.withUnsafeBytes { packed -> Inflater.Failure? in
            do throws(Inflater.Failure) {
                try inflater.inflate(packed, into: &buffer, limit: .max)
                return nil
            } catch {
                return error
            }
        }
        if let failure { throw RunError("\(path) cannot be unpacked: \(failure)") }
    }
}
