import Glibc
import Testing

@testable import HTTP

struct HTTPErrorTests {
    @Test(arguments: [
        ("http://host/path", "http://host/path"), ("https://me:pw@host:1/path?key=1#x", "https://host:1/path"),
        ("http://a@b@host", "http://host"), ("http://host?user@x", "http://host"),
        ("http://host/a@b", "http://host/a@b"),
        ("me:pw@host/x", "host/x"), ("", ""),
    ])
    func showsAURLWithoutItsSecrets(url: String, shown: String) {
        #expect(redacted(url) == shown)
    }

    @Test
    func saysHowManyDescriptorsAreMissing() {
        let error = #expect(throws: DescriptorLimitError.self) { try raiseDescriptorLimit(needed: .max) }
        #expect(error?.needed == .max)
        #expect((error?.available ?? 0) > 0)
        #expect(error?.description.contains("--concurrency") == true)
    }

    @Test
    func raisesTheDescriptorLimitToWhatIsAllowed() throws {
        try raiseDescriptorLimit(needed: 64)
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        #expect(limit.rlim_cur == limit.rlim_max)
    }
}
