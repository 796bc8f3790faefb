import Crypto
import Foundation
import Testing

@testable import Apctl

struct UIPageTests {
    private let page = UIPage.answer(token: "t0k-1")
    private var html: String { String(decoding: page.body, as: UTF8.self) }

    private func part(_ name: String) throws -> Substring {
        let start = try #require(html.firstRange(of: "<\(name)>"))
        let end = try #require(html.firstRange(of: "</\(name)>"))
        return html[start.upperBound..<end.lowerBound]
    }

    /// A browser runs and applies nothing else.
    @Test(arguments: ["script", "style"])
    func thePolicyNamesItsOnlyScriptAndStyle(name: String) throws {
        #expect(html.components(separatedBy: "<\(name)").count == 2)
        let digest = Data(SHA256.hash(data: Data(try part(name).utf8))).base64EncodedString()
        #expect(page.policy.contains("\(name)-src 'sha256-\(digest)'"))
        #expect(page.policy.hasPrefix("default-src 'none'"))
        #expect(!page.policy.contains("unsafe"))
    }

    @Test
    func nothingComesFromElsewhere() throws {
        let known = ["http://www.w3.org/2000/svg"]
        let urls = html.matches(of: /https?:\/\/[^\s'"`)]+/).map { String($0.output) }
        #expect(Set(urls).subtracting(known) == [])
        #expect(!html.contains("/*style*/") && !html.contains("/*script*/") && !html.contains("{{"))
        #expect(html.contains(#"<meta name="token" content="t0k-1">"#))
    }

    /// The policy would not apply them, and texts of others would not stay texts.
    @Test
    func theScriptMakesNoHTMLAndThePageHasNoStylesOfItsOwn() throws {
        let script = try part("script")
        for word in [
            "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", "onclick",
        ] {
            #expect(!script.contains(word))
        }
        #expect(html.firstMatch(of: /<[^>]* (style|on[a-z]+)=/) == nil)
    }

    @Test
    func answersTellBrowsersToBeCareful() {
        for answer in [page, UIAnswer.error(404, "x")] {
            let headers = answer.headers
            #expect(headers["Content-Security-Policy"]?.contains("frame-ancestors 'none'") == true)
            #expect(headers["X-Content-Type-Options"] == "nosniff")
            #expect(headers["Cache-Control"] == "no-store")
            #expect(headers["Referrer-Policy"] == "no-referrer")
        }
    }
}
