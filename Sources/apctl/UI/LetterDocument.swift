import Messages

/// What the page shows of a list of dead letters.
struct LetterListDocument: Encodable, Equatable {
    var summary: String
    /// Number, time, id, deliveries, attempts, reason.
    var letters: [[String]]

    /// - Parameters:
    ///   - letters: The oldest ones, in any order.
    ///   - count: How many there are.
    init(_ letters: [LetterLine], count: Int, place: String) {
        self.letters = letters.sorted { $0.place < $1.place }.map(\.cells)
        summary =
            switch count {
            case 0: "There are no dead letters in \(place)."
            case letters.count: "\(count) in \(place)."
            default: "The oldest \(letters.count) of \(count) in \(place)."
            }
    }
}

/// One of a list; without the body, which may be large.
struct LetterLine {
    var place: Int64
    var cells: [String]

    private static let longest = 500

    init(_ letter: DeadLetter) {
        place = letter.number.place
        cells = [
            "\(letter.number)", letter.timeText, letter.id, "\(letter.deliveries)", "\(letter.attempts)", letter.reason,
        ]
        cells = cells.map { String($0.onOneLine.prefix(Self.longest)) }
    }
}

/// What the page shows of one dead letter.
struct LetterDocument: Encodable, Equatable {
    struct Fact: Encodable, Equatable {
        var name: String
        var value: String
    }

    var number: String
    var facts: [Fact]
    var body: String

    init(_ letter: DeadLetter) {
        number = "\(letter.number)"
        let shown = ShownBytes(letter.body)
        body = shown.text
        facts = [
            Fact(name: "time", value: letter.timeText), Fact(name: "id", value: letter.id.onOneLine),
            Fact(name: "queue", value: letter.queue.onOneLine), Fact(name: "reason", value: letter.reason.onOneLine),
            Fact(name: "deliveries", value: "\(letter.deliveries)"),
            Fact(name: "attempts", value: "\(letter.attempts)"),
        ]
        if case .request(let request) = InboundRequest.decode(letter.body[...], limits: .none) {
            facts.append(Fact(name: "deadline", value: DeadLetter.timeText(request.deadline)))
        }
        var size = "\(letter.body.count) bytes"
        if let whole = letter.size { size += " of \(whole)" }
        if !shown.isText { size += ", not UTF-8" }
        if shown.isCut { size += "; its beginning is shown" }
        facts.append(Fact(name: "body", value: size))
    }
}
