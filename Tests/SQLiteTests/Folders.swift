import Foundation
import GRDB

/// Runs `body` with the path of a database that does not exist yet, in a folder that is removed afterwards.
func withFolder(_ body: (_ path: String) async throws -> Void) async throws {
    let folder = URL.temporaryDirectory.appending(path: "sqlite-queue-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try await body(folder.appending(path: "queue.db").path)
}

/// Runs `body` with a connection that knows nothing of this project but SQL, as a producer's.
func plain<T>(_ path: String, _ body: (Database) throws -> T) throws -> T {
    var configuration = Configuration()
    configuration.busyMode = .timeout(10)
    configuration.allowsUnsafeTransactions = true
    return try DatabaseQueue(path: path, configuration: configuration).writeWithoutTransaction(body)
}
