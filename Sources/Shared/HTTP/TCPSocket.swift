internal import CCurl
import Glibc

/// What the kernel has counted on a TCP connection.
///
/// Source: tcp(7), TCP_INFO and SIOCOUTQ; the places of the fields are part of the kernel's interface (linux/tcp.h,
/// struct tcp_info).
struct TCPCounts: Sendable, Equatable {
    /// Bytes whose arrival the other side's kernel has confirmed.
    var confirmed: UInt64
    /// Bytes that were written, confirmed or not.
    var written: UInt64
    /// Bytes that have arrived, read or not.
    var received: UInt64
    /// The other side has broken the connection off, or nothing came from it for too long.
    var isReset = false
    /// Milliseconds since something was last sent.
    var sinceSent: UInt32 = 0

    init(confirmed: UInt64, written: UInt64, received: UInt64) {
        self.confirmed = confirmed
        self.written = written
        self.received = received
    }

    /// `nil` before Linux 4.6, which does not count all of it, and for what is no TCP connection.
    init?(_ descriptor: CInt) {
        var info = TCPInfo()
        var length = socklen_t(MemoryLayout<TCPInfo>.size)
        guard getsockopt(descriptor, CInt(IPPROTO_TCP), TCP_INFO, &info, &length) == 0,
            length == MemoryLayout<TCPInfo>.size
        else { return nil }
        var unconfirmed: CInt = 0
        if info.unconfirmedSegments > 0 || info.unsentBytes > 0 {
            guard ccurl_unconfirmed_bytes(descriptor, &unconfirmed) == 0 else { return nil }
        }
        self.init(
            confirmed: info.bytesConfirmed, written: info.bytesConfirmed &+ UInt64(max(0, unconfirmed)),
            received: info.bytesReceived)
        // TCP_CLOSE of the kernel's states; after the other side's orderly end it is TCP_CLOSE_WAIT.
        isReset = info.states & 0xFF == 7
        sinceSent = info.sinceSent
    }

    /// Whether the server has not taken the request that was written after the first `before` bytes, though the
    /// connection is over.
    ///
    /// Its kernel has confirmed nothing of it; or the connection was broken off as soon as the request came: that is how
    /// the kernel ends one on which something lies that nobody has read. A server that has read a whole request and then
    /// ends or is killed ends its connection in order.
    ///
    /// Source: tcp_close in the kernel's net/ipv4/tcp.c, RFC 1122 section 4.2.2.13.
    func wasNotTaken(since before: UInt64) -> Bool { confirmed <= before || (isReset && sinceSent < 500) }

    /// Whether the other side's kernel has got anything of what was written after the first `before` bytes; also `true`
    /// where what is written does not count, since something carries it past TCP.
    ///
    /// A server answers what it has read, and TCP confirms what it passes on. So what comes in before that was not caused
    /// by what was written.
    func confirmsSomething(since before: UInt64) -> Bool { confirmed > before || written <= before }
}

/// struct tcp_info up to the last field of interest; C's rules for places are Swift's here.
private struct TCPInfo {
    var states: UInt64 = 0
    var timeouts: (UInt64, UInt64) = (0, 0)
    /// At byte 24.
    var unconfirmedSegments: UInt32 = 0
    var lostSegments: (UInt32, UInt32, UInt32, UInt32) = (0, 0, 0, 0)
    /// At byte 44.
    var sinceSent: UInt32 = 0
    var times: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0, 0, 0, 0)
    var pacingRates: (UInt64, UInt64) = (0, 0)
    /// At byte 120.
    var bytesConfirmed: UInt64 = 0
    var bytesReceived: UInt64 = 0
    var segments: UInt64 = 0
    /// At byte 144.
    var unsentBytes: UInt32 = 0
    var shortestRoundTrip: UInt32 = 0
}

/// The port of our own end; `nil` for what is no connection over IP.
func localPortNumber(of descriptor: CInt) -> CInt? {
    var address = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    let found = withUnsafeMutablePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
    }
    guard found == 0, [AF_INET, AF_INET6].contains(CInt(address.ss_family)) else { return nil }
    // sockaddr_in and sockaddr_in6 have it at the same place.
    return withUnsafeBytes(of: &address) {
        CInt(UInt16(bigEndian: $0.loadUnaligned(fromByteOffset: 2, as: UInt16.self)))
    }
}

/// Whether something lies there to be read: bytes, the end, or an error.
func hasSpoken(_ descriptor: CInt) -> Bool {
    var byte: UInt8 = 0
    let count = recv(descriptor, &byte, 1, CInt(MSG_PEEK) | CInt(MSG_DONTWAIT))
    return count >= 0 || (errno != EAGAIN && errno != EINTR)
}

/// Whether what lies there is more than a goodbye: a 408, as some servers send to an idle connection before they end it,
/// or the few bytes with which TLS ends one.
func hasSurplus(_ descriptor: CInt, isSecure: Bool) -> Bool {
    var bytes = [UInt8](repeating: 0, count: 65)
    let count = recv(descriptor, &bytes, bytes.count, CInt(MSG_PEEK) | CInt(MSG_DONTWAIT))
    if isSecure { return count == bytes.count }
    return count > 0 && !["HTTP/1.1 408 ", "HTTP/1.0 408 "].contains { bytes.starts(with: $0.utf8) }
}

/// Ends a connection at once, both ways, with whatever it holds; the descriptor stays open, for its owner to close, and
/// shows to whoever reads it that the other side has ended it.
///
/// Source: connect(2): AF_UNSPEC dissolves the association; shutdown(2).
func dissolve(_ descriptor: CInt) {
    var nobody = sockaddr()
    nobody.sa_family = sa_family_t(AF_UNSPEC)
    _ = connect(descriptor, &nobody, socklen_t(MemoryLayout<sockaddr>.size))
    // libcurl takes every error for a sign of life: "reset", and "not connected" after that.
    shutdown(descriptor, CInt(SHUT_RDWR))
    var (error, length): (CInt, socklen_t) = (0, socklen_t(MemoryLayout<CInt>.size))
    getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &length)
}
