import Glibc
import Testing

@testable import HTTP

struct HTTPErrorTests {
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
