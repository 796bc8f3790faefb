#if FAULT_HOOKS
    import Glibc

    /// Lets a stage of this build stand for one of a later release; only in builds made for tests.
    ///
    /// `ASYNC_PROCESSOR_RELEASE=next` writes a field that this release does not know into every header;
    /// `ASYNC_PROCESSOR_RELEASE=incompatible` speaks another version of the protocol.
    enum LaterRelease {
        private static let kind = getenv("ASYNC_PROCESSOR_RELEASE").map { String(cString: $0) }

        static let version: UInt8 = kind == "incompatible" ? 2 : 1
        static let release: String? = kind.map { _ in "0.2.0" }
        /// Number 2000, a text.
        static let field: [UInt8] = {
            guard kind == "next" else { return [] }
            let text = "This stage writes field 2000 into every header.\n"
            _ = text.withCString { write(STDERR_FILENO, $0, text.utf8.count) }
            return [0x82, 0x7D, 3] + Array("new".utf8)
        }()
    }
#endif
