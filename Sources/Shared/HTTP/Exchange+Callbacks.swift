internal import CCurl

/// What libcurl calls during a transfer.
extension Exchange {
    func setCallbacks() {
        ccurl_set_transfer(easy, CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
            guard let bytes, let context else { return 0 }
            let exchange = Unmanaged<Exchange>.fromOpaque(context).takeUnretainedValue()
            if exchange.mustWait(size * count) { return Int(CURL_WRITEFUNC_PAUSE) }
            return exchange.receive(UnsafeRawBufferPointer(start: bytes, count: size * count)) ? size * count : 0
        }
        ccurl_set_transfer(easy, CURLOPT_HEADERFUNCTION) { line, size, count, context in
            guard let line, let context else { return 0 }
            let exchange = Unmanaged<Exchange>.fromOpaque(context).takeUnretainedValue()
            return exchange.receiveHeader(UnsafeRawBufferPointer(start: line, count: size * count)) ? size * count : 0
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
        ccurl_set_debug(easy) { _, kind, bytes, count, context in
            guard kind == CURLINFO_DATA_IN, let bytes, let context else { return 0 }
            Unmanaged<Exchange>.fromOpaque(context).takeUnretainedValue()
                .receiveFraming(UnsafeRawBufferPointer(start: bytes, count: count))
            return 0
        }
        ccurl_set_socket(easy) { context, descriptor, _ in
            guard let context else { return CInt(CURL_SOCKOPT_ERROR) }
            Unmanaged<Exchange>.fromOpaque(context).takeUnretainedValue().opens(descriptor)
            return CInt(CURL_SOCKOPT_OK)
        }
        ccurl_set_before_request(easy) { context, _, _, _, localPort in
            guard let context else { return CURL_PREREQFUNC_ABORT }
            let exchange = Unmanaged<Exchange>.fromOpaque(context).takeUnretainedValue()
            guard exchange.mayBeginRequest(localPort: localPort) else { return CURL_PREREQFUNC_ABORT }
            if exchange.tellsWhenBegun { exchange.multi.begun.append(exchange.slot) }
            return CURL_PREREQFUNC_OK
        }
    }

    /// Whether there is no room for so many bytes of the body now.
    fileprivate func mustWait(_ count: Int) -> Bool {
        let length = head.contentLength.map { Int(clamping: min($0, Int64(request?.maxResponseBytes ?? 0))) }
        isPaused = problem == nil && !multi.bodies.mayRead(count, after: answer.count, of: length, slot: slot)
        if isPaused { multi.paused.append(slot) }
        return isPaused
    }

    /// - Returns: whether it fits, and can be read.
    fileprivate func receive(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard problem == nil else { return false }
        do throws(AnswerHead.Problem) {
            try take(bytes)
        } catch {
            problem = error
            return false
        }
        noteWhetherWhole()
        return true
    }

    private func take(_ bytes: UnsafeRawBufferPointer) throws(AnswerHead.Problem) {
        let limit = request?.maxResponseBytes ?? 0
        let before = answer.count
        defer { multi.bodies.read(answer.count - before) }
        if !head.codings.isEmpty {
            if decoder == nil { decoder = try BodyDecoder(head.codings) }
            try decoder?.decode(bytes, into: &answer, limit: limit)
            return
        }
        if bytes.count > limit - answer.count {
            throw AnswerHead.Problem(kind: .responseTooLarge, reason: "the answer is larger than \(limit) bytes")
        }
        // Room for the whole answer where its length is known; a lie about it costs a mebibyte at most.
        if answer.isEmpty, let length = head.contentLength {
            answer.reserveCapacity(min(Int(length), limit, 1 << 20))
        }
        answer.append(contentsOf: bytes)
    }

    /// - Returns: whether the answer can still be taken.
    fileprivate func receiveHeader(_ line: UnsafeRawBufferPointer) -> Bool {
        guard problem == nil else { return false }
        do throws(AnswerHead.Problem) {
            if head.byteCount == 0 { try checkThatItIsAnAnswer() }
            let wasComplete = head.isComplete
            try head.take(line)
            if head.isComplete, !wasComplete { headIsComplete() }
        } catch {
            problem = error
            return false
        }
        return true
    }

    /// The body's bytes as they came, while libcurl is told to show them.
    fileprivate func receiveFraming(_ bytes: UnsafeRawBufferPointer) {
        guard head.isChunked, !isHTTP2, problem == nil else { return }
        do throws(AnswerHead.Problem) {
            try chunks.take(bytes)
            if chunks.isAtEnd { noteLength(of: chunks.byteCount) }
            if chunks.surplus > 0 {
                noteSurplus()
                closeAfterwards()
            }
        } catch {
            problem = error
            // libcurl asks nobody while it reads an extension.
            multi.broken.append(slot)
        }
    }

    fileprivate func send(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        guard let body = request?.body else { return 0 }
        let rest = body.dropFirst(bodyOffset).prefix(buffer.count)
        buffer.copyBytes(from: rest)
        bodyOffset += rest.count
        return rest.count
    }

    fileprivate func rewind(to offset: Int) { bodyOffset = offset }
}
