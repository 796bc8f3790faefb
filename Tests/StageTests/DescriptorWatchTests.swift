import Testing

@testable import Stage

struct DescriptorWatchTests {
    @Test
    func saysChangesOnly() {
        var watch = DescriptorWatch()
        let changes = [false, true, true, false, false].map { watch.look(areUsedUp: $0) }
        #expect(changes == [nil, .usedUp, nil, .back, nil])
    }
}
