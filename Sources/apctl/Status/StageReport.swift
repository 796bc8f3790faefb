import Messages
import Settings

/// What came of asking one stage how it is.
struct StageReport {
    enum Readiness: Equatable {
        /// With what it says beside that, if anything.
        case ready(note: String?)
        case notReady(reason: String)
        /// Nobody answers there.
        case silent(error: String)
    }

    let stage: StageName
    let address: HTTPAddress
    /// What it says of itself; `nil` when it said nothing that can be understood.
    var status: StageStatusDocument?
    var readiness: Readiness
    /// The answers as they came, for `--json`.
    var bodies: (status: String, readiness: String) = ("", "")

    var isReady: Bool { if case .ready = readiness { true } else { false } }

    /// Asks `/status` and then `/readyz`; blocks the thread.
    static func ask(_ stage: StageName, at address: HTTPAddress, timeout: Duration) -> StageReport {
        var place = address
        do throws(HTTPGetError) {
            place.path = "/status"
            let status = try HTTPGet.fetch(place, timeout: timeout)
            place.path = "/readyz"
            return StageReport(stage, address, status: status, readiness: try HTTPGet.fetch(place, timeout: timeout))
        } catch {
            return StageReport(stage: stage, address: address, readiness: .silent(error: "\(error)"))
        }
    }

    /// Nobody has answered.
    init(silent stage: StageName, _ address: HTTPAddress, error: String) {
        self.init(stage: stage, address: address, readiness: .silent(error: error))
    }

    private init(stage: StageName, address: HTTPAddress, readiness: Readiness) {
        self.stage = stage
        self.address = address
        self.readiness = readiness
    }

    /// - Parameters:
    ///   - status: The answer of `/status`.
    ///   - readiness: The answer of `/readyz`.
    init(_ stage: StageName, _ address: HTTPAddress, status: HTTPGet.Answer, readiness: HTTPGet.Answer) {
        self.init(stage: stage, address: address, readiness: Self.readiness(readiness))
        bodies = (status.body, readiness.body)
        let document = StageStatusDocument(status.body)
        guard status.status == 200, let document, let name = document.stage else {
            self.readiness = .notReady(
                reason: StageStatusDocument.text("error", in: status.body)
                    ?? "what answers there is no stage: /status says \(status.status)")
            return
        }
        self.status = document
        if name != stage.rawValue {
            self.readiness = .notReady(reason: "that is \(name.onOneLine), not \(stage.rawValue)")
        }
    }

    private static func readiness(_ answer: HTTPGet.Answer) -> Readiness {
        if answer.status == 200 { return .ready(note: StageStatusDocument.text("note", in: answer.body)) }
        return .notReady(
            reason: StageStatusDocument.text("error", in: answer.body) ?? "/readyz says \(answer.status)")
    }

    /// All of it as one JSON object, on one line; what stages say is in it as they said it.
    static func document(_ reports: [StageReport]) -> [UInt8] {
        var bytes = Array("{\"ready\":\(reports.allSatisfy(\.isReady)),\"stages\":[".utf8)
        for (index, report) in reports.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            bytes += report.object
        }
        return bytes + Array("]}\n".utf8)
    }

    private var object: [UInt8] {
        var bytes = Array("{\"stage\":\"\(stage.rawValue)\",\"address\":\"http://\(address.authority)\"".utf8)
        bytes += Array(",\"ready\":\(isReady)".utf8)
        switch readiness {
        case .ready: break
        case .notReady(let reason), .silent(let reason):
            bytes += Array(",\"error\":".utf8) + JSONObject.quoted(reason)
        }
        for (name, body) in [("readiness", bodies.readiness), ("status", bodies.status)] {
            let body = Array(body.utf8)[...]
            guard JSONObject(body) != nil else { continue }
            bytes += Array(",\"\(name)\":".utf8)
            bytes.appendJSONOnOneLine(body)
        }
        return bytes + [UInt8(ascii: "}")]
    }
}
