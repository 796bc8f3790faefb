import Testing

@testable import GoogleAuth

struct TextEncodingTests {
    @Test(arguments: [
        ("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("~~~???", "fn5-Pz8_"),
    ])
    func encodesForURLsWithoutPadding(text: String, expected: String) {
        #expect(base64URL(Array(text.utf8)[...]) == expected)
    }
}
