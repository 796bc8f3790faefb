import Foundation
import Messages
import Primitives
import Testing

struct Base64Tests {
    /// Source: RFC 4648, section 10.
    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
    ])
    func knowsTheTestVectors(text: String, base64: String) {
        var encoded: [UInt8] = []
        Base64.append(bytes(text), to: &encoded)
        #expect(encoded.text == base64)
        #expect(Base64.decode(bytes(base64))?.text == text)
    }

    @Test(arguments: UInt64(0)..<10)
    func agreesWithFoundation(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        for count in 0..<100 {
            let data = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
            var encoded: [UInt8] = [0x21]
            Base64.append(data[...], to: &encoded)
            #expect(encoded.text == "!" + Data(data).base64EncodedString())
            #expect(Base64.decode(encoded.dropFirst()) == data)
        }
    }

    @Test(arguments: [
        "Zg", "Zg=", "Zg===", "Z", "Z===", "====", "=", "Zg==Zg==", "Zm9v=", "Zm 9v", "Zm9-", "Zm9_", "Zm=v",
        "Zm9v\u{0}", "Zmé=",
        "{}", "Z=g=",
    ])
    func refusesOtherText(text: String) {
        #expect(Base64.decode(bytes(text)) == nil)
    }

    @Test
    func skipsLineBreaks() {
        #expect(Base64.decode(bytes("Zm9v\r\nYmFy\n"))?.text == "foobar")
    }
}
