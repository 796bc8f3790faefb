import Glibc

/// Where the lines of a run are read from: the file named or, when that is a pipe or a terminal, a copy in the state.
///
/// The lines are read twice, and again when the run goes on.
struct RunInput {
    private let paths: RunPaths

    init(_ paths: RunPaths) { self.paths = paths }

    /// - Throws: when it is not there, or a folder.
    var isPipe: Bool {
        get throws(RunError) {
            var status = stat()
            guard stat(paths.input, &status) == 0 else {
                throw RunError("\(paths.input): \(String(cString: strerror(errno)))")
            }
            if status.st_mode & S_IFMT == S_IFDIR { throw RunError("\(paths.input) is not a file") }
            return status.st_mode & S_IFMT != S_IFREG
        }
    }

    /// The path of the lines; reads a pipe to its end.
    ///
    /// - Parameter isResumed: the state has a copy, which serves when nothing comes through the pipe this time.
    func file(isResumed: Bool) throws -> String {
        guard try isPipe else { return paths.input }
        let new = paths.copy + ".new"
        let size = try copy(to: new)
        if isResumed, size == 0, Files.exists(paths.copy) {
            try Files.remove(new)
        } else if isResumed {
            // Compared with what the run began with, and not kept.
            return new
        } else {
            guard rename(new, paths.copy) == 0 else { throw RunError.system("rename \(new)") }
        }
        return paths.copy
    }

    /// - Returns: how many bytes there were.
    private func copy(to path: String) throws(RunError) -> Int {
        let source = paths.input == "/dev/stdin" ? dup(STDIN_FILENO) : open(paths.input, O_RDONLY | O_CLOEXEC)
        guard source >= 0 else { throw .system("open \(paths.input)") }
        defer { close(source) }
        let target = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard target >= 0 else { throw .system("create \(path)") }
        defer { close(target) }
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        var total = 0
        while true {
            let count = read(source, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .system("read \(paths.input)") }
            if count == 0 { break }
            var sent = 0
            while sent < count {
                let written = buffer[sent..<count].withUnsafeBytes { write(target, $0.baseAddress, $0.count) }
                if written > 0 { sent += written } else if errno != EINTR { throw .system("write \(path)") }
            }
            total += count
        }
        guard fsync(target) == 0 else { throw .system("fsync \(path)") }
        return total
    }
}
