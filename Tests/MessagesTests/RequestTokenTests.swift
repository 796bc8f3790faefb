import Messages
import Testing

struct RequestTokenTests {
    @Test(arguments: [
        #"{"internal":{"request_token":"t","labels":{}},"request_kind":"redis","data":{"id":"a","payload":{}}}"#,
        #" { "data" : {"payload":{"id":"no"},"id":"a"} , "internal" : {"x":{"request_token":"no"},"request_token":"t"}}"#,
        #"{"unknown":[1,{"id":"no"}],"internal":{"request_token":"\u0074"},"data":{"id":"\u0061"}}"#,
        #"{"internal":{"request_token":"t"},"data":{"id":"a","payload":{ not read any more"#,
    ])
    func findsIdAndToken(_ message: String) throws {
        let found = try #require(RequestToken(in: Bytes(message.utf8)))
        #expect(found.id == "a")
        #expect(found.token == "t")
    }

    @Test(arguments: [
        "", "null", "[]", "{}", #"{"id":"a","internal":{"request_token":"t"},"data":{"id":"a"}}"#,
        #"{"internal":{},"data":{"id":"a"}}"#, #"{"internal":{"request_token":""},"data":{"id":"a"}}"#,
        #"{"internal":{"request_token":"t"},"data":{"id":""}}"#, #"{"internal":{"request_token":7},"data":{"id":"a"}}"#,
        #"{"internal":"t","data":{"id":"a"}}"#, #"{"internal":{"request_token":"t"},"data":null}"#,
        #"{"internal":{"request_token":"t"},"#,
    ])
    func findsNoneWhereThereIsNone(_ message: String) {
        #expect(RequestToken(in: Bytes(message.utf8)) == nil)
    }
}
