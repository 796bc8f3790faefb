import Foundation
package import Logging
import Synchronization

/// Writes one line per event, to standard error unless told otherwise.
///
/// A line goes out in one write under one lock, so lines of several threads do not mix. Below the level, nothing is
/// made or written.
package struct StageLogHandler: LogHandler {
    package var logLevel: Logger.Level
    package var metadata: Logger.Metadata = [:]
    package var metadataProvider: Logger.MetadataProvider?
    private let label: String
    private let format: LogFormat
    private let write: @Sendable (String) -> Void

    package init(
        label: String, level: Logger.Level, format: LogFormat,
        write: @escaping @Sendable (String) -> Void = StageLogHandler.writeToStandardError
    ) {
        self.label = label
        self.logLevel = level
        self.format = format
        self.write = write
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        var all = metadata
        if let provided = metadataProvider?.get() { all.merge(provided) { $1 } }
        if let own = event.metadata { all.merge(own) { $1 } }
        if let error = event.error { all["error"] = "\(error)" }
        let line = LogLine(
            time: .now(), level: event.level, label: label, message: event.message.description,
            metadata: all.sorted { $0.key < $1.key }.map { (key: $0.key, value: $0.value) })
        write(format == .json ? line.json() : line.text())
    }

    private static let lock = Mutex<Void>(())

    /// Writes all of `line`; a standard error that is gone loses it.
    @Sendable
    package static func writeToStandardError(_ line: String) {
        var line = line
        lock.withLock { _ in
            line.withUTF8 { bytes in
                var rest = UnsafeRawBufferPointer(bytes)[...]
                while !rest.isEmpty {
                    let start = UnsafeRawBufferPointer(rebasing: rest).baseAddress
                    let count = Foundation.write(STDERR_FILENO, start, rest.count)
                    if count < 0, errno == EINTR { continue }
                    if count <= 0 { return }
                    rest = rest.dropFirst(count)
                }
            }
        }
    }
}

extension StageSettings {
    /// Makes every logger of the process write as these settings say.
    ///
    /// Once per process.
    package func bootstrapLogging() {
        let (level, format) = (logLevel, logFormat)
        LoggingSystem.bootstrap { label in StageLogHandler(label: label, level: level, format: format) }
    }
}
