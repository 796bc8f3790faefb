import CCurl
import Processes

/// The least a program can do with libcurl: a multi handle, so many exchanges at once, each started again when it is
/// over.
///
/// Source: libcurl-multi(3), curl_multi_poll(3).
package struct CurlLoop: Sendable {
    package struct Outcome: Sendable {
        /// Exchanges per second.
        package let rate: Double
        /// Of this process, per exchange.
        package let cpuMicroseconds: Double
    }

    private let url: String
    private let body: [UInt8]

    package init(url: String, body: [UInt8]) {
        self.url = url
        self.body = body
    }

    /// Makes `total` exchanges; blocks its thread.
    package func run(_ total: Int, atOnce: Int) throws -> Outcome {
        guard let multi = curl_multi_init() else { throw ProcessFailure("curl_multi_init failed") }
        defer { curl_multi_cleanup(multi) }
        let headers = curl_slist_append(curl_slist_append(nil, "Content-Type: application/json"), "Expect:")
        defer { curl_slist_free_all(headers) }
        return try body.withUnsafeBytes { body in
            let handles = (0..<atOnce).map { _ in handle(body, headers) }
            defer { for handle in handles { curl_easy_cleanup(handle) } }
            return try run(total, handles, multi)
        }
    }

    private func run(
        _ total: Int, _ handles: [UnsafeMutableRawPointer?], _ multi: UnsafeMutableRawPointer
    ) throws(ProcessFailure) -> Outcome {
        let begin = (time: Monotonic.now, cpu: Monotonic.ownCPU)
        var started = 0
        var finished = 0
        for handle in handles.prefix(total) {
            curl_multi_add_handle(multi, handle)
            started += 1
        }
        while finished < total {
            var running: CInt = 0
            var left: CInt = 0
            curl_multi_perform(multi, &running)
            while let message = curl_multi_info_read(multi, &left) {
                guard message.pointee.msg == CURLMSG_DONE, let handle = message.pointee.easy_handle else { continue }
                guard ccurl_message_code(message) == CURLE_OK else {
                    throw ProcessFailure("an exchange failed: \(url)")
                }
                finished += 1
                curl_multi_remove_handle(multi, handle)
                if started < total {
                    curl_multi_add_handle(multi, handle)
                    started += 1
                }
            }
            if finished < total { curl_multi_poll(multi, nil, 0, 1000, nil) }
        }
        for handle in handles { curl_multi_remove_handle(multi, handle) }
        return Outcome(
            rate: Double(total) / (Double(Monotonic.now - begin.time) / 1e9),
            cpuMicroseconds: Double(Monotonic.ownCPU - begin.cpu) / 1000 / Double(total))
    }

    private func handle(_ body: UnsafeRawBufferPointer, _ headers: UnsafeMutablePointer<curl_slist>?)
        -> UnsafeMutableRawPointer?
    {
        let easy = curl_easy_init()
        ccurl_set_text(easy, CURLOPT_URL, url)
        ccurl_set_long(easy, CURLOPT_POST, 1)
        ccurl_set_long(easy, CURLOPT_NOSIGNAL, 1)
        ccurl_set_size(easy, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(body.count))
        ccurl_set_pointer(easy, CURLOPT_POSTFIELDS, body.baseAddress)
        ccurl_set_list(easy, CURLOPT_HTTPHEADER, headers)
        ccurl_set_transfer(easy, CURLOPT_WRITEFUNCTION) { _, size, count, _ in size * count }
        return easy
    }
}
