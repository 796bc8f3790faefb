#if FAULT_HOOKS
    import Glibc
    import Messages

    /// Lets a request end the process that is about to make an attempt for it; only in builds made for the fault matrix.
    enum FaultHook {
        /// Ends the process as a crash would, if the request has the header `x-fault: crash`.
        static func crash(for envelope: Envelope) {
            guard envelope.headers.contains(where: { $0.isNamed("x-fault") && $0.value == "crash" }) else { return }
            kill(getpid(), SIGKILL)
        }
    }
#endif
