import Glibc

/// What a stage has written since it was started.
struct StageLog {
    private let path: String
    private let start: Int64

    /// - Parameter path: of the log, to which the stage is about to append.
    init(path: String) {
        self.path = path
        start = fileSize(path) ?? 0
    }

    /// The last lines, a few, each behind two spaces and none of them long; empty when there are none.
    ///
    /// Those of errors, if the stage has written any.
    var lastWords: String {
        let lines = tail.split(separator: "\n").map { $0.prefix(500) }
        let errors = lines.filter { line in ["error", "critical"].contains { line.lowercased().contains($0) } }
        return (errors.isEmpty ? lines : errors).suffix(3).map { "\n  \($0)" }.joined()
    }

    private var tail: String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return "" }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 16 << 10)
        let size = fileSize(path) ?? 0
        let count = pread(descriptor, &bytes, bytes.count, Int(max(start, size - Int64(bytes.count))))
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }
}
