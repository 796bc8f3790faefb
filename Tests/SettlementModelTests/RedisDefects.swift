import Redis
import RedisSortedSetSource
import SettlementModel

extension RedisSortedSetScripts {
    /// The scripts with one mistake, or none.
    ///
    /// - Parameter crashKey: a settlement dies when it finds this key, if its mistake is that it may die.
    func damaged(by defect: SettlementDefect?, crashKey: String) throws -> RedisSortedSetScripts {
        var scripts = self
        guard let defect else { return scripts }
        let isHolder = "s.owner == argument(i, 4)"
        let holds = "s.what == 'L' and \(isHolder)"
        func anybody(_ action: String) -> String {
            "s.what == 'L' and (\(isHolder) or argument(i, 1) == '\(action)')"
        }
        let dies = "redis.call('DEL', '\(crashKey)') == 1"
        switch defect {
        case .submissionUnchecked:
            try scripts.settle.replace("if not s or s.born ~= argument(i, 3) then", with: "if not s then")
        case .parkedByFormerHolder: try scripts.settle.replace(holds, with: anybody("park"))
        case .releasedByFormerHolder: try scripts.settle.replace(holds, with: anybody("release"))
        case .deadLetteredByFormerHolder: try scripts.settle.replace(holds, with: anybody("dead"))
        case .recordedBeforeRemoval:
            try scripts.settle.replace(
                "local refusal = try('HDEL', states, unpack(names))",
                with: "local refusal = not (\(dies)) and try('HDEL', states, unpack(names))")
        case .removedBeforeRecord:
            try scripts.settle.replace("refusal = write()", with: "refusal = not (\(dies)) and write()")
        case .renewalTakesBack:
            try scripts.renew.replace("s.what == 'L' and s.owner == ARGV[2 * i + 1]", with: "s.what == 'L'")
        case .takeoverAfterGap:
            try scripts.claim.replace("if now <= tonumber(ARGV[9]) then takeOver() end", with: "takeOver()")
        case .attemptsForgotten:
            try scripts.settle.replace("s.attempts = attempts ~= '' and attempts or s.attempts", with: "")
        case .renewalCounts:
            let count = "s.deliveries = s.deliveries + 1 redis.call('HSET', KEYS[2], key, write('L', s.owner, s))"
            try scripts.renew.replace("if isHeld then", with: "if isHeld then \(count)")
        case .handedOutEarly:
            try scripts.claim.replace(
                "latest, at, looked = string.format('%.3f', now / 1000)", with: "latest, at, looked = '+inf'")
            try scripts.claim.replace("if text and tonumber(score) > now / 1000 then", with: "if false then")
        case .lostLeaseForgotten:
            try scripts.claim.replace("if ARGV[3] ~= '' then again(tonumber(ARGV[3])) end", with: "")
        case .takenWhileHeld:
            try scripts.claim.replace(
                "if held[key] or (s and s.what ~= 'W') then\n        aside[",
                with: "if held[key] then\n        aside[")
        }
        return scripts
    }
}

extension RedisScript {
    fileprivate mutating func replace(_ text: String, with other: String) throws {
        let parts = source.split(separator: text, omittingEmptySubsequences: false)
        guard parts.count == 2 else { throw Violation("\(name) contains \(parts.count - 1) times: \(text)") }
        self = RedisScript(name: name, source: parts.joined(separator: other))
    }
}
