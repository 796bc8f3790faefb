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
    /// What looks as if it were meant for us and has no effect.
    var warnings: [String] = []

    init(_ environment: [String: String]) {
        var others = environment.filter { $0.key.hasPrefix("AP_") && !$0.value.isEmpty }
        for flag in FlagNames.all {
            let variable = FlagNames.variable(of: flag)
            guard let value = others.removeValue(forKey: variable) else { continue }
            if ServiceLink.explains(variable, value) {
                warnings.append(
                    "\(variable)=\(value) is no port but what Kubernetes says of a Service; it has no effect")
            } else {
                plain.append(Argument(flag: flag, variable: variable, value: value))
            }
        }
        for (variable, value) in others.sorted(by: { $0.key < $1.key }) {
            if let name = IndexedName(variable: variable), name.index > 0 {
                indexed[name] = Argument(flag: name.flag, variable: variable, value: value)
            } else if !ServiceLink.explains(variable, value) {
                let nearest = Self.nearest(to: variable).map { "; did you mean \($0)?" } ?? ""
                warnings.append("\(variable) belongs to no flag; it has no effect\(nearest)")
            }
        }
    }

    /// The variable of a flag of any stage that may have been meant.
    private static func nearest(to variable: String) -> String? {
        func nearest(_ name: some StringProtocol, _ flags: some Sequence<String>) -> String? {
            NearestName.of(
                String(name.dropFirst(3)), among: flags.map { String(FlagNames.variable(of: $0).dropFirst(3)) }
            )
            .map { "AP_" + $0 }
        }
        guard let end = variable.lastIndex(of: "_"), let number = Int(variable[variable.index(after: end)...]) else {
            return nearest(variable, FlagNames.all)
        }
        // Numbers begin with 1; without a number it would be another queue's.
        return nearest(variable[..<end], FlagNames.indexable).map { "\($0)_\(max(1, number))" }
    }
}

/// Variables that Kubernetes sets in each container for every Service of the namespace, whose name may begin with `ap-`:
/// `AP_METRICS_SERVICE_HOST`, `AP_METRICS_SERVICE_PORT`, `AP_METRICS_PORT=tcp://10.0.0.1:9091`,
/// `AP_METRICS_PORT_9091_TCP_ADDR` and so on.
///
/// Source: kubernetes.io/docs/concepts/services-networking/service/#environment-variables
enum ServiceLink {
    static func explains(_ variable: String, _ value: String) -> Bool {
        if variable.hasSuffix("_PORT"), let end = value.firstRange(of: "://")?.lowerBound {
            return ["tcp", "udp", "sctp"].contains(value[..<end])
        }
        let name = /AP_\w*_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)/
        return variable.wholeMatch(of: name) != nil
    }
}
