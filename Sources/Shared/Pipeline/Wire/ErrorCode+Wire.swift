import Messages

extension WireErrorCode {
    init(_ code: ErrorCode) {
        self =
            switch code {
            case .deadlineExceeded: .deadlineExceeded
            case .invalidRequest: .invalidRequest
            case .inferenceError: .inferenceError
            case .cancelled: .cancelled
            case .gateDropped: .gateDropped
            case .gateError: .gateError
            case .attemptsExhausted: .attemptsExhausted
            case .deadLetter: .deadLetter
            }
    }
}

extension ErrorCode {
    /// `nil` for a code this version does not know.
    init?(_ code: WireErrorCode) {
        switch code {
        case .deadlineExceeded: self = .deadlineExceeded
        case .invalidRequest: self = .invalidRequest
        case .inferenceError: self = .inferenceError
        case .cancelled: self = .cancelled
        case .gateDropped: self = .gateDropped
        case .gateError: self = .gateError
        case .attemptsExhausted: self = .attemptsExhausted
        case .deadLetter: self = .deadLetter
        case .none, .UNRECOGNIZED: return nil
        }
    }
}
