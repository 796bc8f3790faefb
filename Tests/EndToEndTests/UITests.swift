import Foundation
import GatewaySimulator
import Processes
import RedisQueues
import TestServers
import Testing

extension EndToEnd {
    /// `apctl ui`, real stages and a real browser.
    @Suite(.enabled(if: Browser.isAvailable, "chromium is not installed; scripts/setup does that"))
    struct UITests {
        private static let stages = ["ingest", "dispatch", "retry", "emit"]
        private static let queue = RedisSortedSetRun.queue
        /// Neither JSON nor UTF-8, and HTML that would do something.
        private static let odd =
            "<img src=x onerror=\"document.title='harmed'\"><script>document.title='harmed'</script>"

        /// What a test has: the run, `apctl ui` where the browser finds it, and the browser.
        struct Scene {
            var run: RedisSortedSetRun
            var url: String
            var browser: Browser
        }

        /// Starts stages and `apctl ui`.
        private func withPage(
            _ flags: [String] = [], latency: Duration = .zero, _ body: (Scene) async throws -> Void
        ) async throws {
            let redis = try await RedisServer()
            let ports = try Dictionary(uniqueKeysWithValues: Self.stages.map { ($0, try freePort()) })
            let settings = GatewaySettings(latency: .fixed(latency), script: Faults.some)
            try await withGateway(settings) { gateway in
                let queue = RedisSortedSetRun.flags(redis, gateway: gateway.completions)
                let pipeline = try Pipeline(
                    queue: queue, flags: quickRetries + ["--concurrency", "4", "--max-in-flight", "16"],
                    own: ports.mapValues { ["--metrics-port", "\($0)"] })
                try await withPipeline(pipeline) { pipeline in
                    let page = StageProcess(
                        "ui", executable: try builtExecutable("apctl"),
                        arguments: ["ui", "--port", "0", "--interval", "500ms"]
                            + ports.flatMap { ["--\($0)", "\($1)"] }
                            + queue.filter { $0 != "--redis.inference-gateway" && $0 != gateway.completions } + flags,
                        directory: pipeline.directory)
                    let browser = try Browser()
                    defer { browser.end() }
                    try await pipeline.waitUntilStarted()
                    try await page.start()
                    let url = try await eventually("apctl ui says where the page is") {
                        await page.logText().firstMatch(of: /http:\/\/127\.0\.0\.1:[0-9]+\//).map {
                            String($0.output)
                        }
                    }
                    try await body(
                        Scene(
                            run: RedisSortedSetRun(redis: redis, gateway: gateway, pipeline: pipeline), url: url,
                            browser: browser))
                    try await page.signal(SIGTERM)
                    #expect(try await page.exitStatus(within: .seconds(10)) == 0)
                    await page.end()
                }
            }
            redis.kill()
        }

        /// Asks with curl(1), which sends whatever it is told to.
        private func status(_ url: String, _ arguments: String...) throws -> String {
            try runToEnd(
                URL(filePath: "/usr/bin/curl"), ["-s", "-o", "/dev/null", "-w", "%{http_code}"] + arguments + [url]
            ).output
        }

        @Test(.timeLimit(.minutes(2)))
        func showsWhatStagesDoAndChangesNothing() async throws {
            try await withPage(latency: .milliseconds(20)) { scene in
                let browser = scene.browser
                try scene.run.submit(ids(20_000))
                try await scene.run.waitForResults(1)
                try browser.open(scene.url)
                try browser.wait(
                    "document.getElementById('summary').textContent.startsWith('all 4 processes are ready')")
                // What waits: a number in its row, the same one in the picture; and what passes.
                try browser.wait(
                    "/^\(Self.queue)1[0-9],[0-9]{3}/.test(document.getElementById('queue-rows').textContent)")
                try browser.wait("/^1[0-9],[0-9]{3}$/.test(document.querySelector('[data-held=queue]').textContent)")
                for rate in ["requests", "outcomes", "settled"] {
                    try browser.wait(
                        "/^[1-9][0-9.]*\\/s$/.test(document.querySelector('[data-rate=\(rate)]').textContent)")
                }
                try browser.wait("/127.*reachable/.test(document.getElementById('gateway-rows').textContent)")
                #expect(try browser.text("document.getElementById('mode').textContent") == "read-only")
                try await checkAccess(scene)
                try checkLooks(browser)
                // A line through at least two points, after ten seconds.
                try browser.wait("/M.*L/.test(document.querySelector('#graph-list .line-0').getAttribute('d'))")
                try browser.wait(
                    "[...document.getElementById('graph-queue').options].some((o) => o.value === '\(Self.queue)')")
                #expect(
                    try browser.text("document.querySelector('svg').getAttribute('aria-label')").contains("ended: now ")
                )
                try await scene.run.pipeline["retry"].signal(SIGKILL)
                try browser.wait("/retry .*no answer/.test(document.getElementById('troubles').textContent)")
                try browser.wait("/retry .*no answer/.test(document.getElementById('announced').textContent)")
                #expect(try browser.complaints() == [])
                try await scene.run.pipeline["retry"].start()
            }
        }

        /// Other sites' pages and names get nothing, and nobody changes anything.
        private func checkAccess(_ scene: Scene) async throws {
            let api = scene.url + "api/"
            #expect(try status(api + "scene") == "200")
            #expect(try status(scene.url, "-H", "Host: evil.example") == "403")
            #expect(try status(api + "scene", "-H", "Origin: http://evil.example") == "403")
            let token = try scene.browser.text("document.querySelector('meta[name=token]').content")
            let origin = "Origin: " + scene.url.dropLast()
            let change = ["-H", origin, "-H", "Content-Type: application/json", "-H", "X-Token: \(token)", "-d", "{}"]
            let refused = try runToEnd(
                URL(filePath: "/usr/bin/curl"), ["-s"] + change + [api + "dead-letters/delete"]
            ).output
            #expect(refused.contains("--allow-changes"))
            // What follows a large request that is refused is not taken for the next one.
            let file = scene.run.pipeline.directory.appending(path: "smuggled")
            let hidden = "GET /hidden HTTP/1.1\r\nHost: localhost\r\n\r\n"
            try Data((String(repeating: "x", count: 3 << 20) + hidden).utf8).write(to: file)
            let both = try runToEnd(
                URL(filePath: "/usr/bin/curl"),
                ["-s", "-w", "%{http_code} ", "-o", "/dev/null", "--data-binary", "@\(file.path)", api + "scene"]
                    + ["--next", "-s", "-w", "%{http_code} %{num_connects}", api + "settings"]
            ).output
            #expect(both.hasPrefix("400 {") && both.hasSuffix("200 1"), "\(both.prefix(300))")
        }

        /// On a screen and on a phone, by day and by night, for those who see and those who do not.
        private func checkLooks(_ browser: Browser) throws {
            #expect(try browser.unnamed() == [])
            for (width, height) in [(1000, 700), (390, 844)] {
                try browser.resize(width: width, height: height)
                #expect(try browser.text("document.documentElement.scrollWidth <= innerWidth") == "true", "\(width)")
                for scheme in ["light", "dark"] {
                    try browser.color(scheme)
                    #expect(try browser.faint() == [], "\(scheme)")
                }
            }
            try browser.resize(width: 1000, height: 700)
            try browser.press("Tab")
            #expect(try browser.text("document.activeElement.textContent") == "Skip to the pipeline")
            try browser.press("Enter")
            try browser.wait("document.activeElement.id === 'content'")
        }

        @Test(.timeLimit(.minutes(2)))
        func findsRequestsAndDealsWithDeadLetters() async throws {
            try await withPage(["--allow-changes"], latency: .milliseconds(300)) { scene in
                let browser = scene.browser
                let redis = scene.run.redis
                try redis.run("ZADD", Self.queue, 1, Array(Self.odd.utf8) + [0xFF, 0x1B])
                let letter = DeadLetterDocument(
                    queue: Self.queue, id: "again", reason: "lost", time: 1_764_045_130, deliveries: 6, attempts: 2,
                    body: Array(request("again", deadline: "\(Int(Date().timeIntervalSince1970) + 500)").utf8)[...])
                try await eventually("ingest puts the odd one aside") {
                    try redis.length(DeadLetterDocument.list(of: Self.queue)) == 1 ? true : nil
                }
                try redis.run("RPUSH", DeadLetterDocument.list(of: Self.queue), letter.encoded)
                try scene.run.submit(ids(3000).map { Message($0, in: 900) } + [Message("last", in: 1000)])
                try browser.open(scene.url)
                try browser.wait("document.getElementById('mode').textContent === 'changes are allowed'")
                try find("last", "waits in the queue to be leased", browser)
                try find("nobody", "Nobody has the request nobody", browser)
                try showTheOddOne(browser)
                try requeue(browser)
                try await eventually("the one that was put back has its result") {
                    try redis.results(RedisSortedSetRun.list).contains { $0.id == "again" } ? true : nil
                }
                try deleteByKeyboard(browser)
                #expect(try redis.length(DeadLetterDocument.list(of: Self.queue)) == 0)
                #expect(try browser.text("document.title").contains("processes are ready"), "nothing has harmed it")
                #expect(try browser.complaints() == [])
            }
        }

        private func find(_ id: String, _ words: String, _ browser: Browser) throws {
            _ = try browser.text("document.getElementById('search-id').value = ''")
            _ = try browser.text("document.getElementById('search-id').focus()")
            try browser.type(id)
            try browser.press("Enter")
            try browser.wait("document.getElementById('found').textContent.includes('\(words)')")
        }

        private func showTheOddOne(_ browser: Browser) throws {
            try browser.wait("document.querySelectorAll('#letter-rows button').length === 2")
            _ = try browser.text("document.querySelector('#letter-rows button').click()")
            try browser.wait("!document.getElementById('letter').hidden")
            #expect(
                try browser.text("document.getElementById('letter-body').textContent") == Self.odd + "\\xFF\\u{001B}")
            #expect(try browser.text("document.querySelectorAll('#letter img, #letter script').length") == "0")
            #expect(try browser.unnamed() == [])
            #expect(try browser.faint() == [])
            try browser.click("letter-requeue")
            try browser.wait(
                "document.getElementById('letters-summary').textContent.includes('no deadline can be read')")
        }

        private func requeue(_ browser: Browser) throws {
            _ = try browser.text("document.querySelectorAll('#letter-rows button')[1].click()")
            try browser.wait("document.getElementById('letter-facts').textContent.includes('again')")
            try browser.click("letter-requeue")
            try browser.wait("/^requeued .* again/.test(document.getElementById('letters-summary').textContent)")
            try browser.wait("document.querySelectorAll('#letter-rows button').length === 1")
        }

        private func deleteByKeyboard(_ browser: Browser) throws {
            _ = try browser.text("document.querySelector('#letter-rows button').focus()")
            try browser.press("Enter")
            try browser.wait("document.activeElement.id === 'letter-title'")
            func goTo(_ id: String) throws {
                for _ in 0..<10 where try browser.text("document.activeElement.id") != id { try browser.press("Tab") }
                #expect(try browser.text("document.activeElement.id") == id)
            }
            try goTo("letter-delete")
            try browser.press("Enter")
            try browser.wait("document.activeElement.id === 'delete-no'")
            #expect(try browser.faint() == [])
            try browser.press("Escape")
            try browser.wait("document.activeElement.id === 'letter-delete'")
            try browser.press("Enter")
            try browser.wait("document.getElementById('ask-delete').open")
            try goTo("delete-yes")
            try browser.press(" ")
            try browser.wait("/^deleted /.test(document.getElementById('letters-summary').textContent)")
            try browser.wait("document.activeElement.id === 'letters-again'")
        }

        /// `apctl ui` for stages that are not there.
        private func lonePage(_ name: String, port: Int, in folder: URL) throws -> StageProcess {
            StageProcess(
                name, executable: try builtExecutable("apctl"),
                arguments: ["ui", "--port", "\(port)", "--message-queue-impl", "gcp-pubsub"]
                    + (try Self.stages.flatMap { ["--\($0)", "\(try freePort())"] }),
                directory: folder)
        }

        private func open(_ page: StageProcess, port: Int, in browser: Browser) async throws {
            try await page.start()
            try await eventually("it listens") { await page.logText().contains("read-only") ? true : nil }
            try browser.open("http://localhost:\(port)/")
            try browser.wait("document.getElementById('summary').textContent.startsWith('0 of 4 processes are ready')")
        }

        /// Answers about dead letters come when the test says so, to whatever was asked.
        private static let heldAnswers = """
            (() => {
              const real = window.fetch.bind(window);
              window.asked = [];
              window.fetch = (path, options = {}) => !path.startsWith('/api/dead-letters') ? real(path, options)
                : new Promise((answer) => window.asked.push({ path, body: options.body,
                    answer: (document) => answer({ status: 200, json: async () => document }) }));
              takeSettings({ allowsChanges: true, queues: ['a', 'b'] });
            })()
            """

        /// A queue may hang, and answers may come in another order than questions.
        @Test(.timeLimit(.minutes(1)))
        func actsOnTheLetterThatIsShown() async throws {
            let (folder, port) = (try temporaryDirectory(), try freePort())
            let page = try lonePage("ui", port: port, in: folder)
            let browser = try Browser()
            defer { browser.end() }
            try await open(page, port: port, in: browser)
            _ = try browser.text(Self.heldAnswers)
            func answer(_ question: String, _ document: String) throws {
                _ = try browser.text(
                    "asked.filter((one) => one.path.endsWith('\(question)')).at(-1).answer(\(document))")
            }
            func list(_ queue: String, _ numbers: Int...) throws {
                try answer(
                    "?queue=\(queue)", "{ summary: '', letters: \(numbers.map { ["\($0)", "", "", "", "", ""] }) }")
            }
            func ask(_ number: Int) throws {
                let ours = "(button) => button.textContent === '\(number)'"
                _ = try browser.text("[...document.querySelectorAll('#letter-rows button')].find(\(ours)).click()")
            }
            func tell(_ number: Int, of queue: String) throws {
                try answer("?queue=\(queue)&number=\(number)", "{ number: '\(number)', facts: [], body: '' }")
            }
            func choose(_ queue: String) throws {
                _ = try browser.text("document.getElementById('letter-queue').value = '\(queue)'")
                _ = try browser.text("document.getElementById('letter-queue').dispatchEvent(new Event('change'))")
            }
            func shown() throws -> String {
                try browser.text(
                    "byID('letter').hidden ? 'none' : byID('letter-title').textContent.replace('Dead letter ', '')")
            }
            func changes() throws -> String {
                try browser.text("asked.map((one) => one.body).filter((body) => body).join(' ')")
            }
            try list("a", 5, 7)
            try ask(7)
            try tell(7, of: "a")
            #expect(try shown() == "7")
            // While the other one is on its way there is nothing to act on.
            try ask(5)
            #expect(try shown() == "none")
            try browser.click("letter-requeue")
            try browser.click("letter-delete")
            #expect(try changes() == "")
            #expect(try browser.text("document.getElementById('ask-delete').open") == "false")
            // The answer to the first question comes last.
            try ask(7)
            try tell(7, of: "a")
            try tell(5, of: "a")
            #expect(try shown() == "7")
            // Both queues have a letter 7, and their lists come in another order, too.
            try choose("b")
            #expect(try shown() == "none")
            try choose("a")
            try choose("b")
            try list("b", 6, 7)
            try list("a", 5, 7)
            #expect(
                try browser.text("[...byID('letter-rows').rows].map((row) => row.cells[0].textContent)") == "6,7")
            try ask(7)
            try tell(7, of: "b")
            try browser.click("letter-requeue")
            #expect(try changes() == #"{"queue":"b","number":"7","force":false}"#)
            #expect(try browser.complaints() == [])
            await page.end()
            try? FileManager.default.removeItem(at: folder)
        }

        /// The page is not lost when what serves it is.
        @Test(.timeLimit(.minutes(1)))
        func saysThatItIsAlone() async throws {
            let (folder, port) = (try temporaryDirectory(), try freePort())
            let browser = try Browser()
            defer { browser.end() }
            let first = try lonePage("ui", port: port, in: folder)
            try await open(first, port: port, in: browser)
            #expect(
                try browser.text("document.getElementById('letters-summary').textContent").contains(
                    "dead-letter topics"))
            #expect(try browser.text("document.getElementById('lost').hidden") == "true")
            let second = try lonePage("second", port: port, in: folder)
            try await second.start()
            #expect(try await second.exitStatus(within: .seconds(20)) == 1)
            #expect(
                await second.logText().contains(
                    "listen on 127.0.0.1:\(port): Address already in use; --host and --port"))
            await first.end()
            try browser.wait("!document.getElementById('lost').hidden")
            try await first.start()
            try browser.wait("document.getElementById('lost').hidden")
            await first.end()
            try? FileManager.default.removeItem(at: folder)
        }
    }
}
