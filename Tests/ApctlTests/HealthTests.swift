import GatewaySimulator
import Testing

@testable import Apctl

struct HealthTests {
    @Test(.timeLimit(.minutes(1)))
    func readsTheAnswer() async throws {
        let gateway = try await GatewaySimulator.start()
        let ready = try #require(HTTPAddress(gateway.url + "/readyz"))
        #expect(try HTTPGet.fetch(ready, timeout: .seconds(5)) == HTTPGet.Answer(status: 200, body: "{}"))
        let missing = try #require(HTTPAddress(gateway.url + "/nothing"))
        #expect(try HTTPGet.fetch(missing, timeout: .seconds(5)).status == 404)
        await gateway.stop()
        let error = #expect(throws: HTTPGetError.self) { try HTTPGet.fetch(ready, timeout: .seconds(5)) }
        #expect(error?.description == "connect: Connection refused")
    }

    @Test(.timeLimit(.minutes(1)))
    func givesUpOnAServerThatDoesNotAnswer() async throws {
        let gateway = try await GatewaySimulator.start(GatewaySettings { _ in .silent })
        let address = try #require(HTTPAddress(gateway.url))
        let error = #expect(throws: HTTPGetError.self) { try HTTPGet.fetch(address, timeout: .milliseconds(100)) }
        #expect(error?.description == "receive: timed out")
        await gateway.stop()
    }

    @Test(arguments: [
        ("http://a", "http://a:80/"), ("http://a:8/b?c=d", "http://a:8/b?c=d"), ("http://a?x", "http://a:80/?x"),
        ("http://[::1]:8/", "http://[::1]:8/"),
    ])
    func readsAddresses(text: String, address: String) { #expect(HTTPAddress(text)?.description == address) }

    @Test(arguments: [
        "", "a", "https://a", "http://", "http://:80", "http://a:x", "http://a:99999", "http://u@a", "http://a/ b",
        "http://[::1",
    ])
    func refusesOtherAddresses(text: String) { #expect(HTTPAddress(text) == nil) }

    @Test(arguments: [
        (["10.0.0.1", "10.0.0.2", "10.0.0.1"], ["10.0.0.1", "10.0.0.2"]),
        (["fd00::1", "10.0.0.1", "fd00::2", "10.0.0.2"], ["10.0.0.1", "10.0.0.2"]),
        (["fd00::1", "fd00::2"], ["fd00::1", "fd00::2"]), (["::1", "127.0.0.1", "127.0.1.1"], ["127.0.0.1"]), ([], []),
    ])
    func findsOneAddressForEachMachineOfAName(addresses: [String], machines: [String]) {
        #expect(HTTPAddress.machines(addresses) == machines)
    }

    @Test(arguments: [
        "http://127.0.0.1:1/x", "http://localhost:1/x", "http://[::1]:1/x", "http://no.such.name.invalid:1/x",
    ])
    func leavesAddressesAndThisMachineAsTheyAre(text: String) throws {
        let address = try #require(HTTPAddress(text))
        #expect(address.onEachMachine == [address])
    }

    @Test(arguments: ["", "SSH-2.0-x\r\n", "HTTP/2 200\r\n\r\n"])
    func whatIsNoHTTPIsAnError(text: String) { #expect(throws: HTTPGetError.self) { try HTTPGet.parse(text) } }
}
