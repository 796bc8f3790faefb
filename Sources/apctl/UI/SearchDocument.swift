/// What `apctl where` says of one id, for the page.
struct SearchDocument: Encodable, Equatable {
    /// Each place as lines: where it is, and what there is to say of that.
    var found: [[String]]
    /// Who could not be asked, and why.
    var unknown: [String]
    var summary: String

    init(_ witnesses: [Witness], id: String) {
        let places = witnesses.flatMap { (try? $0.answer.get()) ?? [] }
        found = places.map { place in
            place.text.split(separator: "\n").map { line in String(line.drop { $0 == " " }) }
        }
        found += witnesses.compactMap(\.more).map { [$0] }
        unknown = witnesses.compactMap { witness in
            guard case .failure(let failure) = witness.answer else { return nil }
            return "\(witness.name.onOneLine): \(failure.reason.onOneLine)"
        }
        let id = id.onOneLine
        let count = places.count + witnesses.reduce(0) { $0 + $1.leftOut }
        summary =
            switch count {
            case 0 where unknown.isEmpty: "Nobody has the request \(id): it has its result, or never was there."
            case 0: "Nobody who was asked has the request \(id)."
            case 1: "1 place has the request \(id)."
            default: "\(count) places have the request \(id)."
            }
    }
}
