import Testing

@testable import Stage

struct AddressTests {
    @Test(arguments: [
        ("tcp://dispatch:5557", "dispatch", "5557"), ("tcp://[::1]:7", "::1", "7"), ("tcp://*:9", "*", "9"),
    ])
    func readsHostAndPort(endpoint: String, host: String, port: String) {
        let parts = tcpHostAndPort(endpoint)
        #expect(parts?.host == host)
        #expect(parts?.port == port)
    }

    @Test
    func advertisesWhereItIsBoundUnlessThatIsAWildcard() {
        #expect(AdvertisedAddress.of(bound: "tcp://127.0.0.1:5566") == "tcp://127.0.0.1:5566")
        #expect(AdvertisedAddress.of(bound: "tcp://[::ffff:127.0.0.1]:5566") == "tcp://127.0.0.1:5566")
        #expect(AdvertisedAddress.of(bound: "tcp://[::1]:5566") == "tcp://[::1]:5566")
        #expect(AdvertisedAddress.of(bound: "ipc:///tmp/a") == "ipc:///tmp/a")
    }

    @Test(arguments: ["tcp://0.0.0.0:5566", "tcp://*:5566", "tcp://[::]:5566", "tcp://[::ffff:0.0.0.0]:5566"])
    func advertisesAnAddressOfThisMachineForAWildcard(endpoint: String) {
        guard let address = AdvertisedAddress.of(bound: endpoint) else { return }  // no network but loopback
        #expect(address.hasSuffix(":5566"))
        #expect(!AdvertisedAddress.isLocal(address))
        #expect(!address.contains("0.0.0.0") && !address.contains("[::]"))
    }

    @Test(
        arguments: zip(
            [
                "tcp://127.0.0.1:1", "tcp://localhost:1", "tcp://[::1]:1", "ipc:///a", "tcp://10.0.0.7:1",
                "tcp://dispatch:1",
            ],
            [true, true, true, true, false, false]))
    func knowsWhatOnlyThisMachineCanReach(endpoint: String, isLocal: Bool) {
        #expect(AdvertisedAddress.isLocal(endpoint) == isLocal)
    }
}
