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
            if doubled.hasPrefix("--"), let name = IndexedName(doubled.dropFirst(2).prefix { $0 != "=" }) {
                try take(name, doubled, &rest)
            } else {
                plain.append(Self.withValue(doubled, &rest))
            }
        }
    }

    private mutating func take(
        _ name: IndexedName, _ argument: String, _ rest: inout ArraySlice<String>
    ) throws(SettingsError) {
        if name.index == 0 { throw SettingsError(name.text, "queues are numbered from 1") }
        if let equals = argument.firstIndex(of: "=") {
            indexed[name] = String(argument[argument.index(after: equals)...])
            return
        }
        guard let value = rest.popFirst(), !value.hasPrefix("--") else {
            throw SettingsError(name.text, "a value is missing")
        }
        indexed[name] = value
    }

    /// The argument with the value that follows it, where argument-parser would not see that it is one: a negative
    /// number, or the yes or no of a switch, which may be missing.
    private static func withValue(_ argument: String, _ rest: inout ArraySlice<String>) -> String {
        guard argument.hasPrefix("--"), !argument.contains("=") else { return argument }
        if let next = rest.first, next.hasPrefix("-"), Double(next) != nil {
            rest.removeFirst()
            return "\(argument)=\(next)"
        }
        guard FlagNames.switches.contains(String(argument.dropFirst(2))) else { return argument }
        guard let next = rest.first, Switch(argument: next) != nil else { return argument + "=true" }
        rest.removeFirst()
        return "\(argument)=\(next)"
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
