import Testing

@testable import HTTP

struct RedirectTests {
    @Test(arguments: [
        ("http://a/x", "http://A:80/y", true), ("https://a/x", "https://a:443/", true),
        ("http://a/x", "https://a/x", false), ("http://a:8000/", "http://a/", false), ("http://a/", "http://b/", false),
    ])
    func anOriginIsSchemeHostAndPort(_ one: String, _ other: String, areSame: Bool) {
        #expect((Origin(one) == Origin(other)) == areSame)
    }
}
