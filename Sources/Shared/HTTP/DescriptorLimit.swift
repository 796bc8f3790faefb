import Loop

/// What the process may open is less than what it was asked to do.
package struct DescriptorLimitError: Error, Sendable, Equatable, CustomStringConvertible {
    package let needed: Int
    package let available: Int

    package var description: String {
        "\(needed) file descriptors are needed and at most \(available) allowed: raise the limit (ulimit -Hn) "
            + "or lower --concurrency"
    }
}

/// Raises the soft limit of open files to the hard limit.
///
/// - Parameter needed: descriptors the process will need at once.
/// - Throws: when the hard limit is lower than that; the soft limit is raised all the same.
package func raiseDescriptorLimit(needed: Int) throws(DescriptorLimitError) {
    let available = Descriptors.raiseLimit()
    if available < needed { throw DescriptorLimitError(needed: needed, available: available) }
}
