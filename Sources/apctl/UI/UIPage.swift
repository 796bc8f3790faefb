import Crypto
import Foundation

/// The page: one answer of HTML with its style and its script in it.
enum UIPage {
    /// - Parameter token: With which it has to ask for changes; nothing in it needs to be escaped.
    static func answer(token: String) -> UIAnswer {
        let html = text(PackageResources.index_html).replacing("{{token}}", with: token)
            .replacing("/*style*/", with: style).replacing("/*script*/", with: script)
        return UIAnswer(status: 200, type: "text/html; charset=utf-8", policy: policy, body: Array(html.utf8))
    }

    /// Nothing but this very style and script, nothing from elsewhere, and no text that becomes HTML.
    ///
    /// Source: Content Security Policy Level 3; Trusted Types, section 4.
    private static var policy: String {
        [
            "default-src 'none'", "style-src '\(digest(style))'", "script-src '\(digest(script))'",
            "connect-src 'self'",
            "img-src data:", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
            "require-trusted-types-for 'script'", "trusted-types 'none'",
        ].joined(separator: "; ")
    }

    private static let style = text(PackageResources.style_css)
    private static let script = [
        PackageResources.tools_js, PackageResources.scene_js, PackageResources.graphs_js, PackageResources.search_js,
        PackageResources.letters_js, PackageResources.main_js,
    ].map(text).joined(separator: "\n")

    private static func digest(_ text: String) -> String {
        "sha256-" + Data(SHA256.hash(data: Data(text.utf8))).base64EncodedString()
    }

    private static func text(_ file: [UInt8]) -> String { String(decoding: file, as: UTF8.self) }
}
