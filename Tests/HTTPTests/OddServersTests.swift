import Testing

@testable import HTTP

struct OddServersTests {
    private static let minute: Int64 = 60 * 1_000_000_000

    @Test
    func givesAServerThatSaidTooMuchTenMinutesOfConnectionsForEachRequest() {
        let minute = Self.minute
        var odd = OddServers()
        #expect(!odd.mustBeAlone("http://a/x", now: 0))
        let isNews = [0, minute].map { odd.noteSurplus(of: "http://a/x", now: $0) }
        #expect(isNews == [true, false])
        #expect(odd.mustBeAlone("http://a/z", now: 10 * minute))
        #expect(!odd.mustBeAlone("http://b/x", now: minute))
        #expect(!odd.mustBeAlone("http://a:81/x", now: minute))
        #expect(!odd.mustBeAlone("http://a/x", now: 11 * minute))
        let isNewsAgain = odd.noteSurplus(of: "http://a/x", now: 12 * minute)
        #expect(isNewsAgain)
    }

    @Test
    func keepsNoMoreThanAThousandServers() {
        var odd = OddServers()
        var news = 0
        for number in 0..<1500 where odd.noteSurplus(of: "http://\(number)/", now: 0) { news += 1 }
        #expect(news == 1000)
        let isLateNews = odd.noteSurplus(of: "http://late/", now: 11 * Self.minute)
        #expect(isLateNews, "the others have had their time")
        for number in 0..<1500 { odd.noteConfusion(of: "https://\(number)/") }
        #expect(!odd.mayUseHTTP2("https://999/") && odd.mayUseHTTP2("https://1000/"))
    }

    @Test
    func speaksHTTP1WithAServerThatSaysTwoAndSpeaksOne() {
        var odd = OddServers()
        odd.noteConfusion(of: "https://a/x")
        odd.noteConfusion(of: "no URL")
        #expect(!odd.mayUseHTTP2("https://a/y"))
        #expect(odd.mayUseHTTP2("https://b/y"))
    }
}
