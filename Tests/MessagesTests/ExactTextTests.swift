import Messages
import Testing

/// Swift's `==` calls texts equal that have different bytes.
struct ExactTextTests {
    @Test(arguments: [
        ("caf\u{e9}", "cafe\u{301}"), ("K", "\u{212A}"), ("\u{1E9B}\u{323}", "\u{1E9B}\u{0323}\u{0307}"), ("a", "A"),
        ("", "\0"),
    ])
    func differsWhereBytesDiffer(one: String, other: String) {
        #expect(ExactText(one) != ExactText(other))
        #expect(ExactText(one) == ExactText(String(one)))
        #expect(HeaderField("x", one) != HeaderField("x", other))
        #expect(HeaderField(one, "x") != HeaderField(other, "x"))
        #expect(Set([HeaderField("x", one), HeaderField("x", other), HeaderField("x", one)]).count == 2)
        #expect([ExactText(one): 1, ExactText(other): 2][ExactText(one)] == 1)
    }

    @Test(
        arguments: [
            (Int64.min, nil), (-1, nil), (0, nil), (1, 999), (400, 600), (1000, 0), (1001, 0), (Int64.max, 0),
        ] as [(Int64, Int64?)])
    func theAgeOfALeaseCannotOverflow(leasedAt: Int64, age: Int64?) {
        let envelope = Envelope(id: "a", queue: "q", receipt: Receipt("r"), leasedAt: leasedAt)
        #expect(envelope.millisecondsSinceLease(at: 1000) == age)
        #expect(envelope.millisecondsSinceLease(at: .min) == age.map { _ in 0 })
    }
}
