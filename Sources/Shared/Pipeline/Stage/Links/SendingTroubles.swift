import Logging

/// Errors that may occur on a link at each turn, and are logged at a limited rate.
struct SendingTroubles {
    var connecting = RareLine()
    var sending = RareLine()
    /// Requests that fit into no frame, whatever their outcome is.
    var unsendable = RareLine()

    mutating func say(on link: String, at now: Duration, _ logger: Logger) {
        func report(_ message: Logger.Message, _ line: (count: Int, example: String)) {
            logger.error(message, metadata: ["link": "\(link)", "count": "\(line.count)", "error": "\(line.example)"])
        }
        if let line = connecting.due(at: now) { report("Cannot connect to a peer", line) }
        if let line = sending.due(at: now) { report("Cannot send", line) }
        if let line = unsendable.due(at: now) {
            report("A request does not fit into a frame, whatever becomes of it; its lease will expire", line)
        }
    }
}
