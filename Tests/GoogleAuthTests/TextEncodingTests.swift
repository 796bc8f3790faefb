import Testing

@testable import GoogleAuth

struct TextEncodingTests {
    @Test(arguments: [
        ("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("~~~???", "fn5-Pz8_"),
    ])
    func encodesForURLsWithoutPadding(text: String, expected: String) {
        #expect(base64URL(Array(text.utf8)[...]) == expected)
    }

    @Test(arguments: [
        ("", ""), ("azAZ09-._~", "azAZ09-._~"), ("a b+c&d=e/f%", "a%20b%2Bc%26d%3De%2Ff%25"), ("é\n", "%C3%A9%0A"),
    ])
    func encodesFormValues(text: String, expected: String) {
        #expect(formEncoded(text) == expected)
    }
}
