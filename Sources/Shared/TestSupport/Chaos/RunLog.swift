package import Foundation
import Synchronization

/// What happened in a run, line by line, in a file.
package final class RunLog: Sendable {
    private let file: Mutex<FileHandle>
    private let clock: RunClock

    package init(_ url: URL, clock: RunClock) throws {
        _ = FileManager.default.createFile(atPath: url.path, contents: nil)
        file = Mutex(try FileHandle(forWritingTo: url))
        self.clock = clock
    }

    package func write(_ text: String) {
        let seconds = String(format: "%8.3f", clock.now.inSeconds)
        file.withLock { try? $0.write(contentsOf: Data("\(seconds) \(text)\n".utf8)) }
    }
}
