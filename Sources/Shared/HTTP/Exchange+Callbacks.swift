internal import CCurl

/// What libcurl calls during a transfer.
extension Exchange {
    func setCallbacks() {
        ccurl_set_transfer(easy, CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
            guard let bytes, let context else { return 0 }
            let exchange = Unmanaged<Exchange>.fromOpaque(context).takeUnretainedValue()
            return exchange.receive(UnsafeRawBufferPointer(start: bytes, count: size * count)) ? size * count : 0
        }
        ccurl_set_transfer(easy, CURLOPT_HEADERFUNCTION) { line, size, count, context in
            guard let line, let context else { return 0 }
            let exchange = Unmanaged<Exchange>.fromOpaque(context).takeUnretainedValue()
            exchange.receiveHeader(UnsafeRawBufferPointer(start: line, count: size * count))
            return size * count
        }
        ccurl_set_transfer(easy, CURLOPT_READFUNCTION) { bytes, size, count, context in
            guard let bytes, let context else { return 0 }
            let exchange = Unmanaged<Exchange>.fromOpaque(context).takeUnretainedValue()
            return exchange.send(into: UnsafeMutableRawBufferPointer(start: bytes, count: size * count))
        }
        ccurl_set_seek(easy) { context, offset, _ in
            guard let context else { return CURL_SEEKFUNC_FAIL }
            Unmanaged<Exchange>.fromOpaque(context).takeUnretainedValue().rewind(to: Int(offset))
            return CURL_SEEKFUNC_OK
        }
        ccurl_set_before_request(easy) { context, _, _, _, _ in
            guard let context else { return CURL_PREREQFUNC_ABORT }
            let exchange = Unmanaged<Exchange>.fromOpaque(context).takeUnretainedValue()
            return exchange.mayBeginRequest() ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT
        }
    }

    /// - Returns: whether it fits.
    fileprivate func receive(_ bytes: UnsafeRawBufferPointer) -> Bool {
        let limit = request?.maxResponseBytes ?? 0
        if answer.count + bytes.count > limit {
            isTooLarge = true
            return false
        }
        if answer.isEmpty { reserve(atMost: limit) }
        answer.append(contentsOf: bytes)
        noteWhetherWhole()
        return true
    }

    /// Sees whether the headers are whole: to libcurl 7.88 an answer that ends among them is a good one.
    fileprivate func receiveHeader(_ line: UnsafeRawBufferPointer) {
        if line.count <= 2 {
            hasAllHeaders = true
            noteWhetherWhole()
        } else if line.starts(with: "HTTP/".utf8) {
            hasAllHeaders = false
        }
    }

    /// Room for the whole answer where its length is known; a lie about it costs a mebibyte at most.
    private func reserve(atMost limit: Int) {
        var length: curl_off_t = 0
        ccurl_get_size(easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length)
        if length > 0 { answer.reserveCapacity(min(Int(length), limit, 1 << 20)) }
    }

    fileprivate func send(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        guard let body = request?.body else { return 0 }
        let rest = body.dropFirst(bodyOffset).prefix(buffer.count)
        buffer.copyBytes(from: rest)
        bodyOffset += rest.count
        return rest.count
    }

    fileprivate func rewind(to offset: Int) { bodyOffset = offset }

    fileprivate func mayBeginRequest() -> Bool {
        requestsBegun += 1
        return requestsBegun <= allowedRequests
    }
}
