import GateRules
import Gates
import Testing

@testable import EmitStage

struct ChargeBookTests {
    static let quota = {
        var quota = QuotaSettings(address: "redis:6379", limit: 100)
        quota.mode = .tokens
        return quota
    }()

    static func bucket(_ value: String) -> TokenQuotas.Bucket {
        guard let bucket = TokenQuotas(.quota(quota)).bucket(at: quota.tokensKey(for: value)) else {
            preconditionFailure("\(value) has a bucket")
        }
        return bucket
    }

    /// Adds tokens for a user, and says whether there was room.
    private func add(_ tokens: Int, _ user: String, to book: inout ChargeBook) -> Bool {
        book.add(tokens, to: Self.bucket(user))
    }

    /// Such as `a 8`, in the order of the alphabet.
    private func words(_ batch: ChargeBook.Batch?) -> [String] {
        (batch?.charges ?? []).map { "\($0.bucket.value) \($0.tokens)" }.sorted()
    }

    @Test
    func addsUpWhatIsForOneBucket() {
        var book = ChargeBook(capacity: 10)
        #expect(book.isEmpty)
        let hadRoom = [add(3, "a", to: &book), add(4, "b", to: &book), add(5, "a", to: &book)]
        #expect(hadRoom == [true, true, true])
        #expect(book.tokens == 12)
        let batch = book.next()
        #expect(words(batch) == ["a 8", "b 4"])
        #expect(!book.isEmpty)
        book.finish()
        #expect(book.isEmpty)
        let none = book.next()
        #expect(none == nil)
    }

    @Test
    func repeatsABatchAsItWasUntilItIsKnown() {
        var book = ChargeBook(capacity: 10)
        _ = add(3, "a", to: &book)
        let first = book.next()
        _ = add(4, "a", to: &book)
        let again = book.next()
        #expect(again == first)
        #expect(book.tokens == 7)
        book.finish()
        let second = book.next()
        #expect(words(second) == ["a 4"])
        #expect(second?.number != first?.number)
    }

    @Test
    func keepsSoManyBucketsAndForThoseWhatComes() {
        var book = ChargeBook(capacity: 2)
        _ = add(1, "a", to: &book)
        _ = book.next()
        let hadRoom = [add(1, "b", to: &book), add(1, "c", to: &book), add(1, "b", to: &book)]
        #expect(hadRoom == [true, false, true])
        #expect(book.tokens == 3)
        book.finish()
        let hasRoom = add(1, "c", to: &book)
        #expect(hasRoom)
    }

    @Test
    func sendsManyBucketsInParts() {
        var book = ChargeBook(capacity: 1000)
        for number in 0..<450 { _ = add(1, "\(number)", to: &book) }
        var counts: [Int] = []
        while let batch = book.next() {
            counts.append(batch.charges.count)
            book.finish()
        }
        #expect(counts == [200, 200, 50])
    }

    @Test
    func countsNoFurtherThanLuaCan() {
        var book = ChargeBook(capacity: 1)
        for _ in 0..<10_000 { _ = add(1 << 41, "a", to: &book) }
        let batch = book.next()
        #expect(words(batch) == ["a \(1 << 52)"])
    }
}
