/// What a queue did that it must not, or did not do in time.
package struct ConformanceFailure: Error, CustomStringConvertible {
    package let description: String
}

/// Throws unless `condition` holds.
func require(
    _ condition: Bool, _ text: @autoclosure () -> String, file: StaticString = #fileID, line: UInt = #line
) throws(ConformanceFailure) {
    guard condition else { throw ConformanceFailure(description: "\(file):\(line): \(text())") }
}

/// Throws unless `value` is `expected`.
func require<T: Equatable>(
    _ value: T, equals expected: T, _ text: String, file: StaticString = #fileID, line: UInt = #line
) throws(ConformanceFailure) {
    try require(value == expected, "\(text): got \(value), expected \(expected)", file: file, line: line)
}
