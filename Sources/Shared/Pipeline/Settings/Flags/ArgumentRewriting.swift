/// A command line as argument-parser likes it, and what it cannot read.
struct RewrittenArguments: Equatable {
    /// With two dashes before every name.
    var plain: [String] = []
    /// Values of flags that end in a number.
    var indexed: [IndexedName: String] = [:]

    /// - Parameter arguments: As the process got them, without its name.
    init(_ arguments: [String]) throws(SettingsError) {
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            if argument == "--" {
                plain += [argument] + rest
                return
            }
            let doubled = Self.withTwoDashes(argument)
            guard doubled.hasPrefix("--"), let name = IndexedName(doubled.dropFirst(2).prefix { $0 != "=" }) else {
                plain.append(doubled)
                continue
            }
            if name.index == 0 { throw SettingsError(name.text, "queues are numbered from 1") }
            if let equals = doubled.firstIndex(of: "=") {
                indexed[name] = String(doubled[doubled.index(after: equals)...])
            } else {
                guard let value = rest.popFirst(), !value.hasPrefix("--") else {
                    throw SettingsError(name.text, "a value is missing")
                }
                indexed[name] = value
            }
        }
    }

    /// `-name` as `--name`, as Go programs take it; `-h` and negative numbers stay.
    private static func withTwoDashes(_ argument: String) -> String {
        let name = argument.dropFirst().prefix { $0 != "=" }
        guard argument.hasPrefix("-"), !argument.hasPrefix("--"), name.count > 1, name.first?.isLetter == true else {
            return argument
        }
        return "-" + argument
    }
}
