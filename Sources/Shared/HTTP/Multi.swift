internal import CCurl
import Glibc
import Loop

/// libcurl's multi handle, and what its callbacks asked for.
///
/// libcurl calls back in the middle of its functions: the callbacks only write down what it wants watched and when it
/// wants to be called, and `HTTPClient` does it after the function has returned.
///
/// Source: CURLMOPT_SOCKETFUNCTION(3), CURLMOPT_TIMERFUNCTION(3), curl_multi_socket_action(3).
final class Multi {
    /// Interest in one descriptor.
    struct Interest {
        var descriptor: CInt
        /// CURL_POLL_IN, _OUT, _INOUT, _REMOVE or _NONE.
        var what: CInt
    }

    let handle: UnsafeMutableRawPointer
    /// What to watch, since the last time somebody looked, in order.
    var interests: [Interest] = []
    /// Descriptors of new connections, since the last time somebody looked.
    ///
    /// Whatever is known of these numbers is of connections that libcurl has closed without a word.
    var opened: [CInt] = []
    /// Descriptors that libcurl is done with.
    ///
    /// Whoever looks at `interests` closes them: until then their numbers are nobody else's.
    var unused: [CInt] = []
    let connections = Connections()
    /// Connections that libcurl makes, and the slot of the exchange each is for.
    var making: [CInt: Int] = [:]
    /// Slots of exchanges whose answer is whole before libcurl says so (`Exchange.noteWhetherWhole`).
    var answered: [Int] = []
    /// Slots of exchanges whose answer cannot be taken, though libcurl goes on reading it.
    var broken: [Int] = []
    /// Slots of exchanges whose request is about to go out, where somebody wants to know.
    var begun: [Int] = []
    var bodies = BodyRoom()
    /// Slots of exchanges that wait for room for their body.
    var paused: [Int] = []
    /// Milliseconds after which libcurl wants to be called; -1: not at all; `nil`: as before.
    var timeout: Int?
    /// Exchanges under way, as of the last call.
    private(set) var running: CInt = 0

    init(maxIdleConnections: Int) throws(HTTPError) {
        guard Self.isLibraryReady, let handle = curl_multi_init() else {
            throw HTTPError(.other, "curl_multi_init", "libcurl cannot be started")
        }
        self.handle = handle
        let this = Unmanaged.passUnretained(self).toOpaque()
        ccurl_multi_set_long(handle, CURLMOPT_MAXCONNECTS, max(1, maxIdleConnections))
        ccurl_multi_set_socket(
            handle,
            { easy, descriptor, what, context, _ in
                guard let context else { return -1 }
                Unmanaged<Multi>.fromOpaque(context).takeUnretainedValue().note(what, on: descriptor, easy)
                return 0
            }, this)
        ccurl_multi_set_timer(
            handle,
            { _, milliseconds, context in
                guard let context else { return -1 }
                Unmanaged<Multi>.fromOpaque(context).takeUnretainedValue().timeout = milliseconds
                return 0
            }, this)
    }

    deinit {
        curl_multi_cleanup(handle)
        for descriptor in unused { close(descriptor) }
    }

    /// libcurl wants something watched for one of its handles, or nothing any more.
    private func note(_ what: CInt, on descriptor: CInt, _ easy: UnsafeMutableRawPointer?) {
        interests.append(Interest(descriptor: descriptor, what: what))
        if what == CURL_POLL_REMOVE {
            if Exchange.of(easy)?.isPaused != true { connections.rests(descriptor) }
            return
        }
        connections.used(descriptor)
        guard let exchange = Exchange.of(easy) else { return }
        exchange.descriptor = descriptor
        exchange.connectionSerial = connections.serial(descriptor)
    }

    /// The connection that was made for an exchange; `nil` if it goes out on a kept one.
    ///
    /// Several are tried beside each other if a name has several addresses, and libcurl closes the others without a word:
    /// their numbers may be somebody else's already.
    ///
    /// - Parameter localPort: of the connection that is used; libcurl knows it only of new ones.
    func takeMade(for slot: Int, localPort: CInt) -> CInt? {
        guard localPort > 0, !making.isEmpty else { return nil }
        let made = making.filter { $1 == slot }.keys
        for descriptor in made { making[descriptor] = nil }
        return made.first { localPortNumber(of: $0) == localPort }
    }

    /// libcurl is done with a descriptor.
    func drop(_ descriptor: CInt) {
        unused.append(descriptor)
        making[descriptor] = nil
        connections.closed(descriptor)
    }

    /// Lets libcurl work on one descriptor, or on its timers with CURL_SOCKET_TIMEOUT.
    ///
    /// - Parameter events: CURL_CSELECT_IN, _OUT and _ERR.
    func act(on descriptor: CInt, events: CInt) {
        let code = curl_multi_socket_action(handle, descriptor, events, &running)
        // Anything else would be our own mistake, such as calling it from a callback.
        precondition(code == CURLM_OK || code == CURLM_OUT_OF_MEMORY, "curl_multi_socket_action: \(text(code))")
    }

    /// The next exchange that is over, and how it ended.
    func nextFinished() -> (slot: Int, code: CURLcode)? {
        var left: CInt = 0
        while let message = curl_multi_info_read(handle, &left) {
            guard message.pointee.msg == CURLMSG_DONE, let exchange = Exchange.of(message.pointee.easy_handle) else {
                continue
            }
            return (exchange.slot, ccurl_message_code(message))
        }
        return nil
    }

    /// Made once per process.
    ///
    /// libcurl leaves SIGPIPE to the application under CURLOPT_NOSIGNAL(3), so it is ignored.
    private static let isLibraryReady: Bool = {
        signal(SIGPIPE, SIG_IGN)
        return curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK
    }()
}

extension Readiness {
    /// - Parameter poll: CURL_POLL_IN, _OUT, _INOUT or _NONE.
    init(poll: CInt) {
        switch poll {
        case CURL_POLL_IN: self = .readable
        case CURL_POLL_OUT: self = .writable
        case CURL_POLL_INOUT: self.init(rawValue: Self.readable.rawValue | Self.writable.rawValue)
        default: self.init(rawValue: 0)
        }
    }
}
