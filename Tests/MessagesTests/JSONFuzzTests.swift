import Foundation
import Messages
import Primitives
import Testing

/// Random documents, against Foundation's parser.
///
/// A failure names its seed, which repeats it.
struct JSONFuzzTests {
    @Test(arguments: UInt64(0)..<12)
    func findsTheSameFieldsAsFoundation(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        for _ in 0..<100 {
            let message = RandomJSON.message(using: &random)
            let expected = try #require(
                try JSONSerialization.jsonObject(with: Data(message.utf8)) as? [String: Any], "\(message)")
            let request = try decodedRequest(message)
            #expect(request.id == expected["id"] as? String)
            #expect(request.metadata == expected["metadata"] as? [String: String])
            #expect(request.deadline == (expected["deadline"] as? NSNumber)?.int64Value)
            let payload = try JSONSerialization.jsonObject(with: Data(request.payload)) as? NSDictionary
            #expect(payload == expected["payload"] as? NSDictionary, "\(message)")
            #expect(message.contains(request.payload.text), "the payload's bytes are not those written")
        }
    }

    @Test(arguments: UInt64(0)..<12)
    func agreesWithFoundationOnBrokenDocuments(seed: UInt64) {
        var random = SplitMix64(seed: 1000 + seed)
        for _ in 0..<300 {
            var text = Array(RandomJSON.value(depth: 3, using: &random).utf8)
            for _ in 0..<Int.random(in: 1...2, using: &random) { RandomJSON.mutate(&text, using: &random) }
            // Foundation refuses lone surrogates, and numbers beyond a Double.
            let written = text.text.lowercased()
            if written.contains("\\ud") || written.contains("e") && written.contains(/[0-9]e\+?[0-9]{3}/) { continue }
            let theirs = (try? JSONSerialization.jsonObject(with: Data(text), options: .fragmentsAllowed)) != nil
            let ours = (try? JSONScanner.check(text[...])) != nil
            #expect(ours == theirs, "\(text.text)")
        }
    }

    @Test(arguments: UInt64(0)..<8)
    func survivesAnyBytes(seed: UInt64) {
        var random = SplitMix64(seed: 2000 + seed)
        for _ in 0..<300 {
            var message = Array(RandomJSON.message(using: &random).utf8)
            for _ in 0..<Int.random(in: 1...8, using: &random) {
                message[Int.random(in: 0..<message.count, using: &random)] = .random(in: 0...255, using: &random)
            }
            message.removeLast(Int.random(in: 0..<message.count / 4, using: &random))
            switch InboundRequest.decode(message[...]) {
            case .request(let request): #expect((try? JSONScanner.check(request.payload)) != nil)
            case .invalid(let rejected): #expect(!rejected.id.isEmpty && !rejected.reason.isEmpty)
            case .undecodable(let reason): #expect(!reason.isEmpty)
            }
        }
    }

    @Test(arguments: UInt64(0)..<8)
    func writesStringsThatFoundationReads(seed: UInt64) throws {
        var random = SplitMix64(seed: 3000 + seed)
        for _ in 0..<200 {
            let scalars = (0..<Int.random(in: 0...20, using: &random)).map { _ in RandomJSON.scalar(using: &random) }
            let text = String(String.UnicodeScalarView(scalars))
            var json: [UInt8] = []
            json.appendJSONString(text)
            let read = try JSONSerialization.jsonObject(with: Data(json), options: .fragmentsAllowed) as? String
            #expect(read == text)
            #expect(json.allSatisfy { $0 >= 0x20 })
        }
    }
}

enum RandomJSON {
    static func message(using random: inout SplitMix64) -> String {
        var members = [
            ("id", string(using: &random, shortest: 1)), ("payload", object(depth: 3, using: &random)),
            ("deadline", String(Int64.random(in: 1...Int64.max, using: &random))),
            ("metadata", strings(using: &random)), ("extra", value(depth: 2, using: &random)),
            ("data", value(depth: 2, using: &random)),
        ]
        members.shuffle(using: &random)
        return braces(members.map { ("\"\($0)\"", $1) }, using: &random)
    }

    static func value(depth: Int, using random: inout SplitMix64) -> String {
        switch Int.random(in: 0..<(depth > 0 ? 8 : 5), using: &random) {
        case 0: ["null", "true", "false"].randomElement(using: &random) ?? "null"
        case 1: String(Int64.random(in: .min ... .max, using: &random))
        case 2: String(Double.random(in: -1e6...1e6, using: &random))
        case 3: ["0", "-0", "1e5", "2E-3", "0.5e+2"].randomElement(using: &random) ?? "0"
        case 4: string(using: &random)
        case 5, 6: object(depth: depth - 1, using: &random)
        default: array(depth: depth - 1, using: &random)
        }
    }

    static func string(using random: inout SplitMix64, shortest: Int = 0) -> String {
        let pieces = [
            "a", "id", " ", "é", "漢", "😀", #"\n"#, #"\""#, #"\\"#, #"\/"#, #"\u0041"#, #"\uD83D\uDE00"#, "{", "]", ",",
        ]
        let count = Int.random(in: shortest...shortest + 6, using: &random)
        return "\"" + (0..<count).map { _ in pieces.randomElement(using: &random) ?? "" }.joined() + "\""
    }

    static func mutate(_ text: inout [UInt8], using random: inout SplitMix64) {
        let letter = Array(#"{}[]:,"\0123eE+-.tfnu a"#.utf8).randomElement(using: &random) ?? 0x20
        // Only ASCII is touched: Foundation also refuses what is not UTF-8.
        guard let index = text.indices.filter({ text[$0] < 0x80 }).randomElement(using: &random) else { return }
        switch Int.random(in: 0..<3, using: &random) {
        case 0: text[index] = letter
        case 1: text.insert(letter, at: index)
        default: text.remove(at: index)
        }
    }

    static func scalar(using random: inout SplitMix64) -> Unicode.Scalar {
        let range: ClosedRange<UInt32> =
            [0...0x7F, 0...0x7F, 0x80...0xD7FF, 0xE000...0x10FFFF].randomElement(using: &random) ?? 0...0x7F
        return Unicode.Scalar(.random(in: range, using: &random)) ?? " "
    }

    private static func object(depth: Int, using random: inout SplitMix64) -> String {
        let count = Int.random(in: 0...4, using: &random)
        // Names differ: Foundation and we need not agree which of two wins inside a payload.
        let members = (0..<count).map { ("\"k\($0)\"", value(depth: depth, using: &random)) }
        return braces(members, using: &random)
    }

    private static func strings(using random: inout SplitMix64) -> String {
        let count = Int.random(in: 0...3, using: &random)
        return braces((0..<count).map { ("\"m\($0)\"", string(using: &random)) }, using: &random)
    }

    private static func array(depth: Int, using random: inout SplitMix64) -> String {
        let count = Int.random(in: 0...4, using: &random)
        return "["
            + (0..<count).map { _ in value(depth: depth, using: &random) }.joined(
                separator: space(using: &random) + ",") + "]"
    }

    private static func braces(_ members: [(String, String)], using random: inout SplitMix64) -> String {
        let space = space(using: &random)
        return "{" + space + members.map { "\($0)\(space):\(space)\($1)" }.joined(separator: "\(space),") + "}"
    }

    private static func space(using random: inout SplitMix64) -> String {
        ["", "", " ", "\n\t"].randomElement(using: &random) ?? ""
    }
}
