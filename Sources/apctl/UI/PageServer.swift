import Foundation
import Status
import UnixSignals

/// Serves the page over HTTP/1.1, as stages serve their status: a request for each connection, everything limited in number,
/// time and bytes, and strangers who fill the port are closed to make room.
struct PageServer: Sendable {
    private let listener: StatusListener

    /// Binds the port; connections wait until `start`.
    ///
    /// - Parameters:
    ///   - host: An address in numbers.
    ///   - port: 0 lets the system choose.
    init(host: String, port: UInt16, desk: UIDesk) throws(PageServerError) {
        do throws(StatusServerError) {
            listener = try StatusListener(host: host, port: port, service: PageService(desk: desk)) { most in
                Console.error("apctl ui: more than \(most) connections; those that ask nothing are closed\n")
            }
        } catch {
            throw PageServerError(host: host, port: port, answer: error.answer)
        }
    }

    /// The port it listens on.
    var port: UInt16 { listener.port }

    /// Serves on a thread of its own until `stop`.
    func start() {
        Thread.detachNewThread { [listener] in listener.serve() }
    }

    /// Does not wait for what is being answered.
    func stop() { listener.stop() }

    /// Serves until somebody wants it to end.
    func serve(until signals: UnixSignalsSequence) async {
        start()
        for await _ in signals { break }
        stop()
    }
}

/// Why the page cannot be served.
struct PageServerError: Error, CustomStringConvertible {
    var host: String
    var port: UInt16
    /// What the system said.
    var answer: String

    var description: String {
        "listen on \(host.contains(":") ? "[\(host)]" : host):\(port): \(answer); --host and --port say where it listens"
    }
}
