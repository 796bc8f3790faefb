import Messages
import Testing

@testable import Apctl

struct TapLinesTests {
    @Test
    func alignsOneLineBelowTheOther() throws {
        var lines = TapLines(isColoured: false)
        let first = try lines.text(of: record(#""queue":"reviews","id":"a-long-identifier""#), withPayloads: false)
        let second = try lines.text(of: record(#""queue":"q","id":"b""#), withPayloads: false)
        #expect(
            first == """
                04:32:10.123  dispatch  in   reviews  a-long-identifier      512 B  waiting  from tcp://10.0.0.1:5566

                """)
        #expect(
            second == """
                04:32:10.123  dispatch  in   q        b                      512 B  waiting  from tcp://10.0.0.1:5566

                """)
    }

    @Test(arguments: [
        (#""progress":"waiting","failed_attempts":1"#, "waiting after 1 failed attempt"),
        (#""progress":"failed","status":503,"reason":"x""#, "failed 503"),
        (#""progress":"failed","reason":"connect: refused""#, "failed: connect: refused"),
        (#""progress":"result","status":200,"queue_said":"settled""#, "result 200, settled"),
        (#""progress":"error","error_code":"CANCELLED","reason":"by you""#, "CANCELLED: by you"),
        (#""progress":"parked","after_ms":2500,"failed_attempts":3"#, "parked 2.5 s after 3 failed attempts"),
        (#""progress":"dead_letter","reason":"no id""#, "dead letter: no id"),
        (#""progress":"released","queue_said":"stale""#, "released, stale"),
    ])
    func saysHowFarARequestHasCome(fields: String, words: String) throws {
        let record = try #require(TapRecord(Array("{\(fields)}".utf8)))
        #expect(record.progress == words)
    }

    @Test
    func coloursStagesAndFailuresOnATerminalOnly() throws {
        let failed = try record(#""queue":"q","id":"a""#, progress: #""progress":"failed","status":503"#)
        var plain = TapLines(isColoured: false)
        #expect(!plain.text(of: failed, withPayloads: false).contains("\u{1B}"))
        var coloured = TapLines(isColoured: true)
        let text = coloured.text(of: failed, withPayloads: false)
        #expect(text.contains("\u{1B}[33mdispatch\u{1B}[0m"))
        #expect(text.contains("\u{1B}[31mfailed 503\u{1B}[0m"))
    }

    @Test
    func passesNothingOnThatWouldDriveATerminal() throws {
        let record = try record(#""queue":"q\u001b[2J","id":"a\u202eb\u0007\n\u009b\u061c\ufeff""#)
        var lines = TapLines(isColoured: false)
        let text = lines.text(of: record, withPayloads: false)
        #expect(text.unicodeScalars.filter { $0.isHidden } == ["\n"])
    }

    @Test
    func printsPayloadsBelowTheLineWhenAskedTo() throws {
        let record = try record(
            #""queue":"q","id":"a","payload":"one\ntwo","answer":"/wB/","answer_encoding":"base64","answer_cut":true"#)
        var lines = TapLines(isColoured: false)
        let text = lines.text(of: record, withPayloads: true)
        #expect(text.hasSuffix("    payload:\n    | one\n    | two\n    answer, base64, cut:\n    | /wB/\n"))
        #expect(!lines.text(of: record, withPayloads: false).contains("|"))
    }

    @Test(arguments: [
        (Int64(0), "00:00:00.000"), (1_764_045_130_007, "04:32:10.007"), (-5, "00:00:00.000"),
        (86_399_999, "23:59:59.999"),
    ])
    func writesTheTimeOfDayInUTC(milliseconds: Int64, text: String) {
        #expect(TapLines.timeOfDay(milliseconds) == text)
    }

    private func record(_ fields: String, progress: String = #""progress":"waiting""#) throws -> TapRecord {
        let document = #"""
            {"copy":1,"time":1764045130123,"stage":"dispatch","direction":"in","peer":"tcp://10.0.0.1:5566",\#(fields),\#
            \#(progress),"payload_bytes":500,"answer_bytes":12}
            """#
        return try #require(TapRecord(Array(document.utf8)))
    }
}
