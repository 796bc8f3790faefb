import Messages
import Testing

@testable import GatewaySimulator

struct JSONTextTests {
    @Test
    func takesAnObjectApartWithoutChangingItsValues() throws {
        let document = bytes(#" {"a" : 1.50e+1,"b\u0041":{"x":[ 1, 2]} , "a":"z"} "#)
        let members = try #require(JSONText.members(of: document))
        #expect(members.map(\.key) == ["a", "bA", "a"])
        #expect(members.map { String(decoding: $0.value, as: UTF8.self) } == ["1.50e+1", #"{"x":[ 1, 2]}"#, #""z""#])
        #expect(members.allSatisfy { document[$0.value.indices] == $0.value })
    }

    @Test(arguments: ["", "1", "[]", "{", #"{"a"}"#, "{} {}", #"{"a":01}"#])
    func findsNoMembersInAnythingElse(text: String) { #expect(JSONText.members(of: bytes(text)) == nil) }

    @Test(arguments: [
        ("[]", [String]()), ("[1]", ["1"]), (#"[ {"a":[1,2]} , "x,y" , null ]"#, [#"{"a":[1,2]}"#, #""x,y""#, "null"]),
    ])
    func takesAnArrayApart(text: String, elements: [String]) {
        let found = JSONText.elements(of: bytes(text))?.map { String(decoding: $0, as: UTF8.self) }
        #expect(found == elements)
    }

    @Test(arguments: ["\"plain\"", #""\"q\" \\ \n é \u00e9 \ud83d\ude00""#])
    func readsAndWritesStrings(literal: String) throws {
        let text = try #require(JSONText.string(bytes(literal)))
        #expect(JSONText.string(bytes(JSONText.literal(text))) == text)
        #expect(!text.contains("\\u"))
    }

    @Test(arguments: ["1", "null", "{}", ""])
    func nothingElseIsAString(text: String) { #expect(JSONText.string(bytes(text)) == nil) }

    private func bytes(_ text: String) -> Bytes { Array(text.utf8)[...] }
}
