import Loop
import Synchronization
import Testing

@testable import Stage

struct EndpointTests {
    @Test(arguments: [
        "tcp://127.0.0.1:5557", "tcp://[::1]:7", "tcp://[fe80::1%eth0]:7", "tcp://10.0.0.1:65535", "ipc:///run/ap/emit",
        "ipc://@abstract",
    ])
    func connectsToNumbersAndPaths(endpoint: String) {
        #expect(NumericEndpoint(endpoint)?.description == endpoint)
    }

    @Test(arguments: [
        "tcp://dispatch:5557", "tcp://localhost:1", "tcp://127.0.0.1:0", "tcp://127.0.0.1:65536", "tcp://127.0.0.1:",
        "tcp://127.0.0.1:1;dispatch:2", "tcp://dispatch;127.0.0.1:2", "tcp://:1", "tcp://*:1", "tcp://[dispatch]:1",
        "tcp://127.1:1", "tcp://0x7f000001:1", "tcp://::1:7", "udp://127.0.0.1:1", "pgm://1.2.3.4:5", "inproc://a",
        "ws://127.0.0.1:1", "garbage", "", "tcp://", "tcp:", "ipc://", "ipc://" + String(repeating: "a", count: 108),
    ])
    func givesLibzmqNothingToLookUp(endpoint: String) {
        #expect(NumericEndpoint(endpoint) == nil)
    }

    @Test
    func tellsNamesFromWhatIsNoEndpoint() {
        #expect(PeerEndpoint("tcp://ingest-1.ingest.svc:5566") == .name(host: "ingest-1.ingest.svc", port: "5566"))
        #expect(PeerEndpoint("tcp://my_host:1") == .name(host: "my_host", port: "1"))
        for endpoint in ["tcp://a;b:1", "tcp://a b:1", "tcp://[name]:1", "tcp://:1", "garbage", "pgm://host:1"] {
            #expect(PeerEndpoint(endpoint) == nil)
        }
    }

    @Test
    func bindsToNumbersWhateverNameWasGiven() throws {
        #expect(try BindEndpoint.numeric("tcp://lo:5557") == "tcp://127.0.0.1:5557")
        #expect(try BindEndpoint.numeric("tcp://localhost:*") == "tcp://127.0.0.1:*")
        for endpoint in ["tcp://*:1", "tcp://0.0.0.0:1", "tcp://[::]:1", "tcp://127.0.0.1:*", "ipc:///tmp/a"] {
            #expect(try BindEndpoint.numeric(endpoint) == endpoint)
        }
        #expect(throws: LinkError.self) { try BindEndpoint.numeric("tcp://no-such-host.invalid:1") }
    }
}

/// Names and what is known of them; a test plays the name server.
@PipelineActor
struct AddressBookTests {
    /// Answers when it is told to.
    private final class Server: Sendable {
        private let asked = Mutex<[(host: String, answer: @Sendable (NameLookup.Answer) -> Void)]>([])

        var questions: [String] { asked.withLock { $0.map(\.host) } }

        func ask(_ host: String, _ answer: @escaping @Sendable (NameLookup.Answer) -> Void) {
            asked.withLock { $0.append((host, answer)) }
        }

        func answer(_ host: String, _ answer: NameLookup.Answer) {
            let waiting = asked.withLock { asked in
                defer { asked.removeAll { $0.host == host } }
                return asked.filter { $0.host == host }
            }
            for question in waiting { question.answer(answer) }
        }
    }

    private func wait(until condition: () -> Bool) async throws {
        while !condition() { try await Task.sleep(for: .milliseconds(1)) }
    }

    @Test(.timeLimit(.minutes(1)))
    func looksUpAllNamesBesideEachOther() async throws {
        let server = Server()
        let book = AddressBook { server.ask($0, $1) }
        var news = 0
        book.onNews = { news += 1 }
        #expect(book.addresses(of: "silent", isForeign: false, now: .zero).isEmpty)
        #expect(book.addresses(of: "prompt", isForeign: false, now: .zero).isEmpty)
        #expect(server.questions == ["silent", "prompt"])
        server.answer("prompt", .addresses(["10.0.0.1", "[::1]"]))
        try await wait { news == 1 }
        #expect(book.addresses(of: "prompt", isForeign: false, now: .seconds(1)) == ["10.0.0.1", "[::1]"])
        #expect(book.addresses(of: "silent", isForeign: false, now: .seconds(60)).isEmpty)
        #expect(server.questions == ["silent"], "it is not asked for twice")
        #expect(book.unanswered(now: .seconds(60)) == ["silent"])
    }

    @Test(.timeLimit(.minutes(1)))
    func keepsWhatItKnowsWhileNobodyCanSay() async throws {
        let server = Server()
        let book = AddressBook { server.ask($0, $1) }
        var news = 0
        book.onNews = { news += 1 }
        _ = book.addresses(of: "a", isForeign: false, now: .zero)
        server.answer("a", .addresses(["10.0.0.1"]))
        try await wait { news == 1 }
        #expect(book.addresses(of: "a", isForeign: false, now: .seconds(3)) == ["10.0.0.1"])
        server.answer("a", .unknown(reason: "Temporary failure in name resolution"))
        try await wait {
            book.addresses(of: "a", isForeign: false, now: .seconds(6)) == ["10.0.0.1"] && server.questions == ["a"]
        }
        server.answer("a", .addresses([]))
        try await wait { news == 2 }
        #expect(book.addresses(of: "a", isForeign: false, now: .seconds(7)).isEmpty, "it does not exist any more")
    }

    @Test
    func asksForFewNamesThatStrangersMakeUpAndForAllInTheSettings() {
        let server = Server()
        let book = AddressBook { server.ask($0, $1) }
        for number in 0..<1000 { _ = book.addresses(of: "stranger-\(number)", isForeign: true, now: .zero) }
        #expect(server.questions.count == AddressBook.maxForeign)
        _ = book.addresses(of: "configured", isForeign: false, now: .zero)
        #expect(server.questions.last == "configured")
    }

    @Test(.timeLimit(.minutes(1)))
    func findsTheAddressesOfThisMachine() async throws {
        let book = AddressBook()
        try await wait { !book.addresses(of: "localhost", isForeign: false, now: .zero).isEmpty }
        let found = book.addresses(of: "localhost", isForeign: false, now: .zero)
        #expect(found.allSatisfy { $0 == "127.0.0.1" || $0 == "[::1]" } && Set(found).count == found.count)
    }
}

struct StrangerPlacesTests {
    @Test
    func givesFewPlacesAndTakesTheOldest() {
        var places = StrangerPlaces()
        for number in 0..<StrangerPlaces.most {
            #expect(places.admit("\(number)", now: .milliseconds(number)) == .new(replacing: nil))
        }
        #expect(places.admit("0", now: .seconds(1)) == .known)
        #expect(places.admit("new", now: .seconds(1)) == .new(replacing: "1"))
        #expect(places.count == StrangerPlaces.most)
    }

    @Test
    func admitsNoMoreNewOnesASecondThanItCanAfford() {
        var places = StrangerPlaces()
        var admitted = 0
        for number in 0..<20_000 {
            if places.admit("\(number)", now: .microseconds(number * 500)) != .refused { admitted += 1 }
        }
        #expect((1300...1360).contains(admitted), "\(admitted) in ten seconds")
    }

    @Test
    func takesPlacesBackAfterAWhile() {
        var places = StrangerPlaces()
        _ = places.admit("a", now: .zero)
        _ = places.admit("b", now: .seconds(3))
        #expect(places.expire(now: .seconds(5)) == ["a"])
        #expect(!places.contains("a") && places.contains("b"))
    }
}

struct RareLineTests {
    @Test
    func saysItOnceAndThenMoreAndMoreRarelyWithTheNumber() {
        var line = RareLine()
        #expect(line.due(at: .zero) == nil)
        for number in 0..<1000 { line.note("\(number)") }
        let first = line.due(at: .zero)
        #expect(first?.count == 1000 && first?.example == "0")
        for _ in 0..<5 { line.note("again") }
        #expect(line.due(at: .seconds(4)) == nil)
        #expect(line.due(at: .seconds(5))?.count == 5)
        #expect(line.due(at: .seconds(15)) == nil)
        var lines = 0
        for second in 16..<3616 {
            line.note("")
            if line.due(at: .seconds(second)) != nil { lines += 1 }
        }
        #expect((58...66).contains(lines), "\(lines) in an hour")
        #expect(line.due(at: .seconds(4000)) != nil, "what came after the last line is not lost")
        line.note("")
        #expect(line.due(at: .seconds(4005)) != nil, "after a pause it is news again")
    }

    @Test
    func cutsWhatStrangersWrite() {
        var line = RareLine()
        line.note("a" + String(repeating: "\u{301}", count: 1_000_000))
        #expect((line.due(at: .zero)?.example.utf8.count ?? 0) <= 110)
    }
}
