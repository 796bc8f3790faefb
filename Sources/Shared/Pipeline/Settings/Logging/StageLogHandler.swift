package import Logging

/// Makes one line of an event.
///
/// Below the level, nothing is made or written. What stands in a line is cut to a few thousand bytes a value: much of it
/// comes from outside.
package struct StageLogHandler: LogHandler {
    package var logLevel: Logger.Level
    package var metadata: Logger.Metadata = [:]
    package var metadataProvider: Logger.MetadataProvider?
    private let label: String
    private let format: LogFormat
    private let write: @Sendable (String) -> Void

    package init(
        label: String, level: Logger.Level, format: LogFormat,
        write: @escaping @Sendable (String) -> Void
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
        write(Self.line(line, format))
    }

    fileprivate static func line(_ line: LogLine, _ format: LogFormat) -> String {
        format == .json ? line.json() : line.text()
    }
}

extension StageSettings {
    /// Makes every logger of the process write as these settings say, to standard error.
    ///
    /// Once per process.
    package func bootstrapLogging() {
        let (level, format, stage) = (logLevel, logFormat, stage.rawValue)
        let writer = LogWriter.toStandardError { lost in
            StageLogHandler.line(
                LogLine(
                    time: .now(), level: .warning, label: stage,
                    message: "Log lines were dropped, because nobody took them",
                    metadata: [("count", .stringConvertible(lost))]), format)
        }
        LoggingSystem.bootstrap { label in
            StageLogHandler(label: label, level: level, format: format) { writer.write($0) }
        }
    }
}
