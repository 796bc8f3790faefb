import Foundation

/// Small whole files, written so that after any crash either the old or the new content is there.
enum Files {
    static func write(_ value: some Encodable, to path: String) throws {
        let bytes = [UInt8](try JSONEncoder().encode(value))
        let temporary = path + ".new"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw RunError.system("create \(temporary)") }
        defer { close(descriptor) }
        let count = Glibc.write(descriptor, bytes, bytes.count)
        // A short write has no number of its own: the next one would say why.
        if count >= 0, count < bytes.count { errno = ENOSPC }
        guard count == bytes.count, fsync(descriptor) == 0 else { throw RunError.system("write \(temporary)") }
        try rename(temporary, to: path)
    }

    /// `nil` when there is no such file.
    static func read<Value: Decodable>(_ type: Value.Type, from path: String) throws -> Value? {
        guard let data = FileManager.default.contents(atPath: path) else { return nil }
        do {
            return try JSONDecoder().decode(type, from: data)
        } catch {
            throw RunError("\(path) cannot be read: \(error)")
        }
    }

    /// Throws when there is no room left where `path` is.
    static func checkRoom(_ path: String) throws(RunError) {
        var status = statvfs()
        guard statvfs(path, &status) == 0, status.f_blocks > 0 else { return }
        guard status.f_bavail * status.f_frsize < 64 << 10 else { return }
        throw .fullDisk("the file system of \(path) is full")
    }

    static func rename(_ path: String, to new: String) throws {
        guard Glibc.rename(path, new) == 0 else { throw RunError.system("rename \(path) to \(new)") }
    }

    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    static func makeFolder(_ path: String) throws {
        guard mkdir(path, 0o755) == 0 || errno == EEXIST else { throw RunError.system("mkdir \(path)") }
    }

    /// Removes a file or a folder with everything in it; that it is not there is no error.
    static func remove(_ path: String) throws {
        guard exists(path) else { return }
        do {
            try FileManager.default.removeItem(atPath: path)
        } catch {
            throw RunError("remove \(path): \(error)", exitCode: 1)
        }
    }

    /// Makes the names in `folder` survive a power failure.
    static func synchronizeFolder(_ folder: String) {
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }
}

/// Bytes; `nil` when there is no such file.
func fileSize(_ path: String) -> Int64? {
    var status = stat()
    return stat(path, &status) == 0 ? Int64(status.st_size) : nil
}
