import Glibc

/// How many descriptors this process may open.
package enum Descriptors {
    /// Raises the soft limit to the hard limit, which costs nothing before they are opened.
    ///
    /// Source: getrlimit(2).
    /// - Returns: what is allowed now.
    @discardableResult
    package static func raiseLimit() -> Int {
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        var limit = rlimit()
        guard getrlimit(resource, &limit) == 0 else { return .max }
        if limit.rlim_cur < limit.rlim_max {
            limit.rlim_cur = limit.rlim_max
            setrlimit(resource, &limit)
            getrlimit(resource, &limit)
        }
        return Int(clamping: limit.rlim_cur)
    }

    /// Whether none could be opened now.
    package static var areUsedUp: Bool {
        let copy = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0)
        guard copy < 0 else {
            close(copy)
            return false
        }
        return errno == EMFILE
    }
}
