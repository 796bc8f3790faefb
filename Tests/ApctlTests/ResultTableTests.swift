import Testing

@testable import Apctl

struct ResultTableTests {
    @Test(arguments: [
        (
            #"{"id":"a","payload":"{\"choices\":[{\"text\":\" food / positive\\n\"}]}","status_code":200}"#,
            ResultTable.Row(id: "a", status: "200", text: " food / positive\n")
        ),
        (
            #"{"id":"a","payload":{"choices":[{"message":{"content":"hi"}}]}}"#,
            ResultTable.Row(id: "a", status: "200", text: "hi")
        ),
        (
            #"{"id":"a","payload":"{\"data\":[{\"embedding\":[1,2,3]}]}","status_code":200}"#,
            ResultTable.Row(id: "a", status: "200", text: "3 numbers")
        ),
        (
            #"{"id":"a","payload":"x","error_code":"DEADLINE_EXCEEDED","error_message":"too late"}"#,
            ResultTable.Row(id: "a", status: "DEADLINE_EXCEEDED", text: "too late")
        ),
        (#"{"id":"a","payload":"oops","status_code":404}"#, ResultTable.Row(id: "a", status: "404", text: "oops")),
        (
            #"{"id":"batch_req_1","custom_id":"c","response":{"status_code":200,"body":{"choices":[{"text":"t"}]}},"error":null}"#,
            ResultTable.Row(id: "c", status: "200", text: "t")
        ),
        (
            #"{"id":"batch_req_1","custom_id":"c","response":null,"error":{"code":"X","message":"m"}}"#,
            ResultTable.Row(id: "c", status: "X", text: "m")
        ),
    ])
    func showsWhatTheModelSaid(line: String, row: ResultTable.Row) {
        #expect(ResultTable.row(Array(line.utf8)[...]) == row)
    }

    @Test
    func alignsItsColumnsAndCutsWhatIsTooLong() {
        let table = ResultTable([
            ResultTable.Row(id: "review-1", status: "200", text: "first\nsecond   third"),
            ResultTable.Row(id: "r", status: "404", text: String(repeating: "long ", count: 40)),
        ])
        #expect(
            table.text(columns: 40) == """
                id        status  text
                review-1  200     first second third
                r         404     long long long long l…

                """)
    }

    @Test
    func showsNothingThatWouldDriveATerminal() {
        let row = ResultTable.Row(id: "a\u{9B}31m", status: "200", text: "b\u{1B}[2J\u{202E}c")
        #expect(ResultTable([row]).text(columns: 40).hasSuffix("\na 31m  200     b [2J c\n"))
        let failure = Outcome(deadLetter: "b\u{1B}[2J\u{202E}c")
        #expect(failure.reason == "b [2J c")
    }

    @Test
    func showsTheFirstTwentyLinesOfAFile() throws {
        try withFolder { folder in
            let path = folder.file("out", String(repeating: "{\"id\":\"a\",\"payload\":\"x\"}\nnonsense\n", count: 30))
            let table = try ResultTable(path: path)
            #expect(table.text(columns: 80).split(separator: "\n").count == 21)
        }
    }
}
