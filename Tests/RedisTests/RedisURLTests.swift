import Redis
import Testing

struct RedisURLTests {
    @Test(arguments: [
        ("localhost:6379", RedisURL(.tcp(host: "localhost", port: 6379))),
        ("redis.example", RedisURL(.tcp(host: "redis.example", port: 6379))),
        (":7000", RedisURL(.tcp(host: "localhost", port: 7000))),
        ("[::1]:7000", RedisURL(.tcp(host: "::1", port: 7000))),
        ("redis://h", RedisURL(.tcp(host: "h", port: 6379))),
        ("redis://h:1234/3", RedisURL(.tcp(host: "h", port: 1234), database: 3)),
        ("REDIS://h/", RedisURL(.tcp(host: "h", port: 6379))),
        ("redis://:secret@h", RedisURL(.tcp(host: "h", port: 6379), password: "secret")),
        ("redis://me:p%40ss%2F@h/1", RedisURL(.tcp(host: "h", port: 6379), user: "me", password: "p@ss/", database: 1)),
        ("redis://h:1?db=3", RedisURL(.tcp(host: "h", port: 1), database: 3)),
        ("redis://h:1/?db=3", RedisURL(.tcp(host: "h", port: 1), database: 3)),
        ("redis://h?", RedisURL(.tcp(host: "h", port: 6379))),
        ("unix:///run/redis.sock", RedisURL(.unix(path: "/run/redis.sock"))),
        ("unix://:s@/run/r.sock?db=4", RedisURL(.unix(path: "/run/r.sock"), password: "s", database: 4)),
    ])
    func readsWhatPeopleWrite(text: String, url: RedisURL) throws {
        #expect(try RedisURL(text) == url)
    }

    @Test(arguments: [
        ("rediss://h", "TLS"), ("http://h", "scheme 'http'"), ("redis://h:port", "port 'port'"),
        ("redis://h:70000", "port '70000'"), ("redis://h/two", "database 'two'"), ("unix://relative", "absolute path"),
        ("redis://a:%zz@h", "percent-encoded"), ("[::1]7", "host:port"), ("redis://h:1/3/", "database '3/'"),
        ("redis://h:1/2?read_timeout=3s", "'read_timeout'"), ("redis://h/2?db=3", "twice"),
        ("redis://h?db=1&db=1", "twice"),
        ("redis://h?db=", "database ''"), ("redis://h/-1", "database '-1'"), ("redis://h/9999999999", "database"),
        ("redis://h#x", "'h#x' is not a host"), ("redis://a:1,b:2", "'a:1,b' is not a host"), ("::1", "not a host"),
        ("unix:///s?password=1", "'password'"),
    ])
    func saysWhatIsWrong(text: String, part: String) {
        #expect {
            try RedisURL(text)
        } throws: { error in
            let error = error as? RedisError
            return error?.reason.contains(part) == true && error?.isTransient == false
        }
    }

    @Test(arguments: ["redis://:secret@h:1/2", "redis://me:secret@h", "unix://:secret@/s", "redis://:secret@h:x"])
    func neverShowsThePassword(text: String) {
        do {
            #expect(try !"\(RedisURL(text))".contains("secret"))
        } catch {
            #expect(!"\(error)".contains("secret"))
        }
    }

    @Test(arguments: [
        "redis://h:1234/3", "redis://me@h:6379/0", "redis://[::1]:6379/0", "unix:///run/r.sock?db=4", "unix:///r.sock",
    ])
    func describesItselfAsAURL(text: String) throws {
        #expect(try "\(RedisURL(text))" == text)
    }
}
