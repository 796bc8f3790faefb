/// When requests came to the small gateway and when they were answered, by their numbers.
package struct GatewayLog: Sendable, Equatable {
    /// Nanoseconds of the clock that all processes share; 0 for never.
    package struct Visit: Sendable, Equatable {
        package var arrived: Int64 = 0
        package var answered: Int64 = 0
    }

    package private(set) var visits: [Visit] = []

    package init() {}

    mutating func arrived(_ number: Int, at time: Int64) {
        while visits.count <= number { visits.append(Visit()) }
        visits[number].arrived = time
    }

    mutating func answered(_ number: Int, at time: Int64) {
        if number < visits.count { visits[number].answered = time }
    }

    /// An HTTP response with all there is: two 64-bit numbers per request, in this machine's byte order.
    mutating func takeResponse() -> [UInt8] {
        var response = Array("HTTP/1.1 200 OK\r\nContent-Length: \(visits.count * 16)\r\n\r\n".utf8)
        for visit in visits {
            withUnsafeBytes(of: visit.arrived) { response.append(contentsOf: $0) }
            withUnsafeBytes(of: visit.answered) { response.append(contentsOf: $0) }
        }
        visits.removeAll(keepingCapacity: true)
        return response
    }

    /// Reads the body of such a response.
    package init(body: [UInt8]) {
        body.withUnsafeBytes { bytes in
            for place in stride(from: 0, to: bytes.count - 15, by: 16) {
                visits.append(
                    Visit(
                        arrived: bytes.loadUnaligned(fromByteOffset: place, as: Int64.self),
                        answered: bytes.loadUnaligned(fromByteOffset: place + 8, as: Int64.self)))
            }
        }
    }
}
