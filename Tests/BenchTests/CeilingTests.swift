import Testing

@testable import Bench

struct CeilingTests {
    private let wrk = """
        Running 3s test @ http://127.0.0.1:1/
          1 threads and 64 connections
          Thread Stats   Avg      Stdev     Max   +/- Stdev
            Latency     0.62ms  113.32us   3.19ms   86.10%
        308731 requests in 3.00s, 235.55MB read
        Requests/sec: 102857.14
        Transfer/sec:     78.47MB
        """

    @Test
    func readsWhatWrkSays() {
        #expect(WrkCell.rate(in: wrk) == 102857.14)
        #expect(WrkCell.rate(in: "Requests: none") == nil)
    }

    @Test(arguments: ["  Non-2xx or 3xx responses: 12", "  Socket errors: connect 0, read 3, write 0, timeout 0"])
    func refusesARateWithFailures(line: String) {
        #expect(WrkCell.rate(in: wrk + "\n" + line) == nil)
    }

    @Test
    func readsWhatRedisBenchmarkSays() {
        let head = #""test","rps","avg_latency_ms""#
        #expect(
            RedisCell.rate(in: head + "\n" + #""ZADD set 1 __rand_int__yyy","33333.34","0.975""# + "\n") == 33333.34)
        #expect(RedisCell.rate(in: head) == nil)
        #expect(RedisCell.rate(in: "") == nil)
    }
}
