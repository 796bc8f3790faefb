import Messages
import Testing

struct RequestDecodingTests {
    @Test
    func readsTheUserGuidesMessage() throws {
        let message =
            #"{"id" : "testmsg", "payload":{ "model":"m", "prompt":"Hi, good morning "}, "deadline" :"23472348233323" }"#
        let request = try decodedRequest(message)
        #expect(request.id == "testmsg")
        #expect(request.deadline == 23_472_348_233_323)
        #expect(request.payload.text == #"{ "model":"m", "prompt":"Hi, good morning "}"#)
        #expect(!request.isBase64)
    }
}
