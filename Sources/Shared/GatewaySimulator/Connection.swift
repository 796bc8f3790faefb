import Glibc
import Loop

/// One accepted connection: reads requests one after the other, writes their answers.
///
/// A request that comes while another is being answered (pipelining) waits in the parser.
@PipelineActor
final class Connection {
    let descriptor: CInt
    /// Counts connections from 1.
    let number: Int
    /// Called for each request; the next one comes after `finishRequest`.
    var onRequest: (HTTPRequest) -> Void = { _ in }
    /// Called once, whoever closed it.
    var onClose: () -> Void = {}

    private var parser = HTTPRequestParser()
    private var output: [UInt8] = []
    private var sent = 0
    private var whenSent: [() -> Void] = []
    private var isBusy = false
    private var isPumping = false
    private var isWatchingWrites = false
    private(set) var isOpen = true

    init(descriptor: CInt, number: Int) {
        self.descriptor = descriptor
        self.number = number
    }

    func start() { watch([.readable]) }

    /// Sends bytes in order; `done` is called when the kernel has all of them, not at all if the connection ends first.
    func send(_ bytes: [UInt8], done: @escaping () -> Void = {}) {
        guard isOpen else { return }
        output.append(contentsOf: bytes)
        whenSent.append(done)
        flush()
    }

    /// The request has been answered; the next one may come.
    func finishRequest() {
        isBusy = false
        if !isPumping { pump() }
    }

    func close() {
        guard isOpen else { return }
        isOpen = false
        EventLoop.shared.unwatch(descriptor)
        Glibc.close(descriptor)
        whenSent = []
        let closed = onClose
        (onRequest, onClose) = ({ _ in }, {})
        closed()
    }

    private func watch(_ interest: Readiness) {
        EventLoop.shared.watch(descriptor, interest) { [weak self] in self?.handle($0) }
    }

    private func handle(_ readiness: Readiness) {
        if readiness.contains(.writable) { flush() }
        if isOpen, !readiness.isDisjoint(with: [.readable, .failed]) { receive() }
    }

    private func receive() {
        let size = 64 << 10
        withUnsafeTemporaryAllocation(byteCount: size, alignment: 1) { buffer in
            let count = recv(descriptor, buffer.baseAddress, size, 0)
            if count > 0 {
                parser.append(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
                pump()
            } else if count == 0 || (errno != EAGAIN && errno != EINTR) {
                close()
            }
        }
    }

    private func pump() {
        isPumping = true
        defer { isPumping = false }
        do {
            while isOpen, !isBusy {
                switch try parser.next() {
                case .needsMore: return
                case .wantsContinue: send(Array("HTTP/1.1 100 Continue\r\n\r\n".utf8))
                case .request(let request):
                    isBusy = true
                    onRequest(request)
                }
            }
        } catch {
            isBusy = true
            let body = OpenAIError.body(error.reason, type: "invalid_request_error", status: error.status)
            let response = HTTPResponse(status: error.status, body: body, keepsAlive: false)
            send(response.bytes) { [weak self] in self?.close() }
        }
    }

    private func flush() {
        while sent < output.count {
            let count = output.withUnsafeBytes { buffer in
                Glibc.send(descriptor, buffer.baseAddress.map { $0 + sent }, buffer.count - sent, CInt(MSG_NOSIGNAL))
            }
            if count >= 0 {
                sent += count
            } else if errno == EAGAIN {
                return watchWrites(true)
            } else if errno != EINTR {
                return close()
            }
        }
        output.removeAll(keepingCapacity: output.capacity <= 1 << 20)
        sent = 0
        watchWrites(false)
        let done = whenSent
        whenSent = []
        for call in done { call() }
    }

    private func watchWrites(_ wanted: Bool) {
        guard wanted != isWatchingWrites else { return }
        isWatchingWrites = wanted
        watch(wanted ? [.readable, .writable] : [.readable])
    }
}
