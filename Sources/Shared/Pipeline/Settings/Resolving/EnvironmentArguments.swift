/// The flags that the environment gives; an empty variable gives nothing.
struct EnvironmentArguments {
    struct Argument: Equatable {
        let flag: String
        let variable: String
        let value: String

        /// As it would stand on the command line.
        var text: String { "--\(flag)=\(value)" }
    }

    var plain: [Argument] = []
    var indexed: [IndexedName: Argument] = [:]

    init(_ environment: [String: String]) {
        for flag in FlagNames.all {
            let variable = FlagNames.variable(of: flag)
            if let value = environment[variable], !value.isEmpty {
                plain.append(Argument(flag: flag, variable: variable, value: value))
            }
        }
        for (variable, value) in environment where variable.hasPrefix("AP_") && !value.isEmpty {
            if let name = IndexedName(variable: variable), name.index > 0 {
                indexed[name] = Argument(flag: name.flag, variable: variable, value: value)
            }
        }
    }
}
