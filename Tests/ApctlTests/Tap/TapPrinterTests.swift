import Testing

@testable import Apctl

struct TapPrinterTests {
    @Test
    func leavesOutWhatExceedsTheRateAndSaysHowMuch() {
        var printer = TapPrinter(filter: TapFilter(), options: .init(isJSON: true, rate: 2), isColoured: false)
        let first = (0..<5).map { printer.print(document("a\($0)"), now: 10) }
        #expect(first.map { $0.output.isEmpty } == [false, false, true, true, true])
        #expect(first.allSatisfy { $0.note.isEmpty })
        let next = printer.print(document("b"), now: 11)
        #expect(next.note == "3 more left out (--rate)\n")
        #expect(!next.output.isEmpty)
        #expect(printer.pass(to: 12) == "")
    }

    @Test
    func countsOnlyWhatIsWantedAgainstTheRate() {
        var printer = TapPrinter(
            filter: TapFilter(id: "b"), options: .init(isJSON: true, rate: 1), isColoured: false)
        let outputs = ["a1", "b1", "a2", "b2", "a3"].map { printer.print(document($0), now: 10).output }
        #expect(outputs.map { $0.isEmpty } == [true, false, true, true, true])
        #expect(printer.pass(to: 11) == "1 more left out (--rate)\n")
    }

    @Test
    func endsAfterTheCountAskedFor() {
        var printer = TapPrinter(
            filter: TapFilter(id: "b"), options: .init(isJSON: true, count: 2), isColoured: false)
        var finished: [Bool] = []
        for id in ["a", "b1", "b2", "b3"] {
            _ = printer.print(document(id), now: 1)
            finished.append(printer.isFinished)
        }
        #expect(finished == [false, false, true, true])
        #expect(printer.printed == 2)
    }

    @Test
    func leavesPayloadsOutOfDocumentsUnlessAskedForThem() {
        let fields = #""payload":"secret","payload_cut":true,"answer":"x","answer_encoding":"base64""#
        let text = #"{"copy":1,"id":"a","payload_bytes":6,\#(fields),"answer_bytes":1}"#
        var without = TapPrinter(filter: TapFilter(), options: .init(isJSON: true), isColoured: false)
        #expect(
            without.print(Array(text.utf8), now: 1).output
                == #"{"copy":1,"id":"a","payload_bytes":6,"answer_bytes":1}"# + "\n")
        var with = TapPrinter(
            filter: TapFilter(), options: .init(showsPayloads: true, isJSON: true), isColoured: false)
        let printed = with.print(Array(text.utf8), now: 1)
        #expect(printed.output == text + "\n")
        #expect(printed.note.isEmpty)
    }

    @Test
    func printsDocumentsWithoutWhatWouldDriveATerminal() {
        let options = TapPrinter.Options(showsPayloads: true, isJSON: true)
        var printer = TapPrinter(filter: TapFilter(), options: options, isColoured: false)
        let text = "{\"copy\":1,\t\"id\":\"a\u{9B}2J\",\"payload\":\"\u{202E}é\"}"
        #expect(
            printer.print(Array(text.utf8), now: 1).output
                == "{\"copy\":1,\t\"id\":\"a\\u009b2J\",\"payload\":\"\\u202eé\"}\n")
    }

    @Test
    func saysOnceWhichStageDoesNotPublishPayloads() {
        var printer = TapPrinter(filter: TapFilter(), options: .init(showsPayloads: true), isColoured: false)
        let notes = (0..<3).map { _ in printer.print(document("a", bytes: 9), now: 1).note }
        #expect(notes == ["emit publishes no payloads; it does when started with --tap-payloads\n", "", ""])
        var other = TapPrinter(filter: TapFilter(), options: .init(showsPayloads: true), isColoured: false)
        #expect(other.print(document("a", bytes: 0), now: 1).note.isEmpty)
    }

    @Test
    func printsNothingThatIsNoCopyAndSaysSoOnce() {
        var printer = TapPrinter(filter: TapFilter(), options: .init(), isColoured: false)
        let first = printer.print(Array("hello".utf8), now: 1)
        #expect(first.output.isEmpty && first.note.contains("not from a stage"))
        #expect(printer.print(Array("hello".utf8), now: 1).note.isEmpty)
    }

    private func document(_ id: String, bytes: Int = 0) -> [UInt8] {
        Array(#"{"copy":1,"stage":"emit","id":"\#(id)","payload_bytes":\#(bytes)}"#.utf8)
    }
}
