import Messages
import Testing

struct FormEncodingTests {
    @Test(arguments: [
        ("", ""), ("azAZ09-._~", "azAZ09-._~"), ("a b+c&d=e/f%", "a%20b%2Bc%26d%3De%2Ff%25"), ("é\n", "%C3%A9%0A"),
    ])
    func encodesFormValues(text: String, expected: String) {
        #expect(formEncoded(text) == expected)
    }
}
