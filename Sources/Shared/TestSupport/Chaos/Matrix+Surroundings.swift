/// What goes wrong around the stages.
extension Matrix {
    // MARK: The queue's server

    static var server: [Cell] {
        let absences: [(String, Duration, Int)] = [
            ("0.1", .milliseconds(100), 3), ("2", .seconds(2), 2), ("20", .seconds(20), 1),
        ]
        return absences.flatMap { name, time, count in
            [
                cell("redis-away-\(name)s", "Redis ended, started again \(name) s later; \(count) times") {
                    $0.faults = [PlannedFault(.serverAway(time, kill: false), count: count)]
                    $0.recoveryLimit = time + .seconds(10)
                },
                cell("redis-killed-\(name)s", "Redis killed, started again \(name) s later; \(count) times") {
                    $0.isAlwaysSynced = true
                    $0.gateway.refused = 0.2
                    $0.faults = [PlannedFault(.serverAway(time, kill: true), count: count)]
                    $0.recoveryLimit = time + .seconds(10)
                },
            ]
        } + [
            cell("redis-frozen", "Redis: SIGSTOP for 10 s, then SIGCONT") {
                $0.faults = [PlannedFault(.freezeServer(.seconds(10)))]
                $0.recoveryLimit = .seconds(20)
            }
        ]
    }

    // MARK: Connections

    static var network: [Cell] {
        let delays = Fault.Trouble.delayed(.milliseconds(200), for: .seconds(4))
        return [
            onLinks("links-cut", "every connection between stages cut; ten times", .cut, count: 10, pause: 1),
            onLinks(
                "links-refused", "connections between stages cut and refused for 1 s; 3 times", .refused(.seconds(1))),
            onLinks("links-delayed", "everything between stages takes 200 ms longer for 4 s; twice", delays, count: 2),
            onLinks(
                "links-deaf", "what stages send to each other vanishes for 1 s; 3 times",
                .swallowed(toServer: true, for: .seconds(1))),
            onLinks(
                "links-silent", "what stages send to each other vanishes for 6 s",
                .swallowed(toServer: true, for: .seconds(6)), count: 1),
            onServer(
                "redis-cut", "connections to Redis cut; ten times", .toServer, .cut, count: 10, pause: 1),
            onServer(
                "redis-delayed", "everything to and from Redis takes 200 ms longer; 4 s, twice", .toServer, delays),
            onServer(
                "redis-deaf", "what stages send to Redis vanishes for 6 s", .toServer,
                .swallowed(toServer: true, for: .seconds(6)), count: 1),
            onServer(
                "redis-mute", "what Redis answers vanishes for 6 s", .toServer,
                .swallowed(toServer: false, for: .seconds(6)), count: 1),
            onServer(
                "reply-lost-ingest", "Redis' answer to ingest is lost after the script ran; 60 times",
                .ingestToServer, .replyLost, count: 60, pause: 0.15),
            onServer(
                "reply-lost-emit", "Redis' answer to emit is lost after the script ran; 60 times", .emitToServer,
                .replyLost, count: 60, pause: 0.15),
        ]
    }

    private static func onLinks(
        _ name: String, _ summary: String, _ trouble: Fault.Trouble, count: Int = 3, pause: Double = 3
    ) -> Cell {
        cell(name, summary) {
            $0.layout = Layout(dispatch: 2)
            $0.layout.concurrency = 64
            $0.layout.hasLinkProxies = true
            $0.gateway.refused = 0.05
            $0.faults = [PlannedFault(.links(.stages, trouble), count: count, pause: .seconds(pause))]
        }
    }

    private static func onServer(
        _ name: String, _ summary: String, _ road: Fault.Road, _ trouble: Fault.Trouble, count: Int = 2,
        pause: Double = 3
    ) -> Cell {
        cell(name, summary) {
            $0.layout.hasServerProxies = true
            $0.gateway.refused = 0.2
            $0.faults = [PlannedFault(.links(road, trouble), count: count, pause: .seconds(pause))]
        }
    }

    // MARK: Loads

    static var loads: [Cell] {
        let burst = cell("burst", "20,000 requests at once; dispatch and emit killed twice each") {
            $0.load = .burst
            $0.faults = [
                PlannedFault(.kill([StageKind.dispatch.name(1)]), count: 2),
                PlannedFault(.kill([StageKind.emit.name(1)]), count: 2, first: .seconds(6)),
            ]
            $0.recoveryLimit = quick
        }
        let failing = cell("failing", "20 % of attempts fail; dispatch, retry and emit killed twice each") {
            $0.gateway.refused = 0.2
            $0.faults = [StageKind.dispatch, .retry, .emit].enumerated().map { index, kind in
                PlannedFault(.kill([kind.name(1)]), count: 2, first: .seconds(3 + 2 * index))
            }
            $0.recoveryLimit = quick
        }
        let long = cell("long", "200 inferences take 15 s, leases are 5 s; ingest and dispatch killed") {
            $0.layout = Layout(ingest: 2, dispatch: 2)
            $0.layout.concurrency = 192
            $0.layout.leaseSeconds = 5
            $0.gateway.slowEvery = 100
            $0.gateway.slowLatency = .seconds(15)
            $0.faults = [
                PlannedFault(.kill([StageKind.ingest.name(1)]), count: 2, pause: .seconds(6)),
                PlannedFault(.kill([StageKind.dispatch.name(1)]), first: .seconds(7)),
            ]
            $0.recoveryLimit = .seconds(10)
        }
        let quiet = cell("long-quiet", "200 inferences take 40 s, leases are 30 s; nobody is killed") {
            $0.layout.concurrency = 384
            $0.gateway.slowEvery = 100
            $0.gateway.slowLatency = .seconds(40)
        }
        let silent = cell("silent", "every 50th request for a silent gateway; dispatch and emit killed") {
            $0.layout = Layout(dispatch: 2)
            $0.layout.concurrency = 256
            $0.traffic.silentEvery = 50
            $0.faults = [
                PlannedFault(.kill([StageKind.dispatch.name(1)]), count: 2),
                PlannedFault(.kill([StageKind.emit.name(1)]), first: .seconds(6)),
            ]
            $0.recoveryLimit = quick
        }
        let poison = cell("poison", "3 requests end every dispatch that starts them; two dispatch, started again") {
            $0.layout = Layout(dispatch: 2)
            $0.layout.concurrency = 64
            $0.traffic.poisons = [1500, 2500, 3500]
        }
        return [burst, failing, long, quiet, silent, poison]
    }

    // MARK: Scale

    static var scaling: [Cell] {
        [
            cell("scale-dispatch", "dispatch scaled from 1 to 4 and back under load; 10 % of attempts fail") {
                $0.layout.most[.dispatch] = 4
                $0.gateway.refused = 0.1
                $0.faults = [
                    PlannedFault(.scale(.dispatch, to: 4)),
                    PlannedFault(.scale(.dispatch, to: 1), first: .seconds(10)),
                ]
            },
            cell("scale-ingest", "ingest scaled from 1 to 3 and back under load; 10 % of attempts fail") {
                $0.layout.most[.ingest] = 3
                $0.gateway.refused = 0.1
                $0.faults = [
                    PlannedFault(.scale(.ingest, to: 3)), PlannedFault(.scale(.ingest, to: 1), first: .seconds(10)),
                ]
            },
            cell("scale-dispatch-hard", "dispatch scaled from 1 to 4, three of them killed for good") {
                $0.layout.most[.dispatch] = 4
                $0.faults = [
                    PlannedFault(.scale(.dispatch, to: 4)),
                    PlannedFault(
                        .kill((2...4).map(StageKind.dispatch.name), restart: .never), first: .seconds(9)),
                ]
                $0.recoveryLimit = quick
            },
        ]
    }
}
