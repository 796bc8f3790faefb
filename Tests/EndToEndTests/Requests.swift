/// A request as a producer writes it.
///
/// - Parameter payload: the payload's text, which must reach the gateway as it is.
func request(_ id: String, payload: String? = nil, deadline: String = "\"9999999999\"") -> String {
    #"{"id":"\#(id)","deadline":\#(deadline),"payload":\#(payload ?? oddPayload(id))}"#
}

/// A payload whose bytes would not survive being read and written again: spacing, key order, precision, escapes.
func oddPayload(_ id: String) -> String {
    #"{ "prompt" : "\u0041 \/ ü \#(id)",  "model":"m" , "seed":9007199254740993, "temperature":1.0e0,"z":1,"a":2 }"#
}
