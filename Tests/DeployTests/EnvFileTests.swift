import Testing

/// How a line of `.env` is read: never executed, and never guessed.
struct EnvFileTests {
    /// What a stage is told of a variable that stands like this in the file.
    private func read(_ line: String) throws -> (ending: Ending, value: String?) {
        let folder = try DeployFolder()
        defer { folder.end() }
        try folder.write("# first\n\n\(line)\n", to: ".env")
        let ending = try folder.make("deploy-ap-on-k8s", ["DEPLOY_REDIS": "true"])
        let lines = folder.kustomized("stages.env").split(separator: "\n")
        return (ending, lines.first { $0.hasPrefix("AP_X=") }.map { String($0.dropFirst(5)) })
    }

    @Test(arguments: [
        ("AP_X=plain", "plain"), ("export AP_X=plain", "plain"), ("  export   AP_X=plain  ", "plain"),
        ("AP_X=\"two words\"", "two words"), ("AP_X='two words' # why", "two words"), ("AP_X=plain # why", "plain"),
        ("AP_X=a#b", "a#b"), ("AP_X='$HOME `id` \\ \"'", "$HOME `id` \\ \""), ("AP_X=", ""), ("AP_X=\"\"", ""),
        ("AP_X=a=b", "a=b"), ("AP_X=plain\r", "plain"), ("AP_X=first\nAP_X=second", "first"),
    ])
    func reads(line: String, value: String) throws {
        let read = try read(line)
        #expect(read.ending.status == 0, "\(read.ending.output)")
        #expect(read.value == value)
    }

    @Test
    func readsAFileThatWasWrittenOnWindows() throws {
        let folder = try DeployFolder()
        defer { folder.end() }
        try folder.write("\u{FEFF}export AP_X=first\r\nAP_Y='second'\r\n", to: ".env")
        let ending = try folder.make("deploy-ap-on-k8s")
        #expect(ending.status == 0, "\(ending.output)")
        #expect(folder.kustomized("stages.env").hasSuffix("AP_X=first\nAP_Y=second\n"))
    }

    @Test
    func countsAPlaceOfTheGuideAsNotSet() throws {
        let read = try read("AP_X=<if needed to override for a private registry>")
        #expect(read.ending.status == 0)
        #expect(read.value == nil)
        #expect(read.ending.output.contains("line 3: AP_X is still '<if needed"))
    }

    @Test(arguments: [
        ("AP_X", "line 3 is no assignment"), ("AP X=1", "line 3 is no assignment"), ("1X=1", "line 3 is no assignment"),
        ("AP_X=two words", "a value with spaces needs quotes"), ("AP_X='open", "the quote has no end"),
        ("AP_X=\"a\" b", "there is something behind the quote"), ("AP_X=$HOME/x", "are not replaced here"),
        ("AP_X=\"$(id)\"", "are not replaced here"), ("AP_X=`id`", "are not replaced here"),
    ])
    func refuses(line: String, reason: String) throws {
        let read = try read(line)
        #expect(read.ending.status != 0)
        #expect(read.ending.output.contains(reason), "\(read.ending.output)")
        #expect(read.ending.calls.isEmpty)
    }

    @Test
    func neverShowsALineThatItCannotRead() throws {
        #expect(try !read("export AP_REDIS_URL redis://user:secret@host").ending.output.contains("secret"))
    }

    @Test
    func takesAnotherFile() throws {
        let folder = try DeployFolder()
        defer { folder.end() }
        try folder.write("AP_X=other", to: "other.env")
        #expect(try folder.make("deploy-ap-on-k8s", ["ENV_FILE": "other.env"]).status == 0)
        #expect(folder.kustomized("stages.env").contains("AP_X=other\n"))
        let missing = try folder.make("deploy-ap-on-k8s", ["ENV_FILE": "none.env"])
        #expect(missing.output.contains("there is no file 'none.env'"))
        #expect(missing.calls.isEmpty)
    }
}
