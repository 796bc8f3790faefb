/// Finds where requests end in the bytes of one connection; bodies are counted, not kept.
///
/// Only what the clients of this benchmark send: HTTP/1.1 with `Content-Length`, spelt so.
struct RequestReader {
    /// What the reader has come to.
    enum Event: Equatable {
        /// A head that ends a line `Expect: 100-continue`.
        case isAsked
        /// A whole request.
        case request(number: Int?, wantsLog: Bool)
    }

    private var head: [UInt8] = []
    private var isInBody = false
    private var bodyLeft = 0
    private var number: Int?
    private var wantsLog = false

    /// Takes the next bytes of the connection.
    mutating func read(_ bytes: UnsafeRawBufferPointer, _ handle: (Event) -> Void) {
        var rest = bytes[...]
        while !rest.isEmpty {
            if !isInBody {
                rest = readHead(rest, handle)
            } else {
                rest = rest.dropFirst(takeBody(rest))
            }
            if isInBody, bodyLeft == 0 {
                isInBody = false
                handle(.request(number: number, wantsLog: wantsLog))
            }
        }
    }

    /// Takes bytes up to the end of the head, and the start of the body behind it.
    private mutating func readHead(
        _ bytes: Slice<UnsafeRawBufferPointer>, _ handle: (Event) -> Void
    ) -> Slice<UnsafeRawBufferPointer> {
        let whole = UnsafeRawBufferPointer(rebasing: bytes)
        if head.isEmpty, let end = find("\r\n\r\n", in: whole) {
            begin(UnsafeRawBufferPointer(rebasing: whole[..<end]), handle)
            return readStart(bytes.dropFirst(end + 4))
        }
        let before = head.count
        head.append(contentsOf: whole)
        let end = head.withUnsafeBytes { find("\r\n\r\n", in: $0) }
        guard let end else { return bytes.dropFirst(bytes.count) }
        let text = head
        text.withUnsafeBytes { begin(UnsafeRawBufferPointer(rebasing: $0[..<end]), handle) }
        head.removeAll(keepingCapacity: true)
        return readStart(bytes.dropFirst(end + 4 - before))
    }

    private mutating func begin(_ head: UnsafeRawBufferPointer, _ handle: (Event) -> Void) {
        isInBody = true
        number = nil
        bodyLeft = 0
        wantsLog = head.starts(with: "GET /log ".utf8)
        if let name = find("\r\nContent-Length: ", in: head) {
            for byte in head[(name + 18)...] {
                guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { break }
                bodyLeft = bodyLeft * 10 + Int(byte - UInt8(ascii: "0"))
            }
        }
        if find("\r\nExpect: ", in: head) != nil { handle(.isAsked) }
    }

    /// Looks for the request's number where the body begins, and takes what is there of the body.
    private mutating func readStart(_ bytes: Slice<UnsafeRawBufferPointer>) -> Slice<UnsafeRawBufferPointer> {
        guard bodyLeft > 0 else { return bytes }
        number = RequestText.number(in: bytes, after: RequestText.payloadStart)
        return bytes.dropFirst(takeBody(bytes))
    }

    private mutating func takeBody(_ bytes: Slice<UnsafeRawBufferPointer>) -> Int {
        let count = min(bodyLeft, bytes.count)
        bodyLeft -= count
        return count
    }
}
