import Queue
import Testing

@testable import Chaos

struct MatrixTests {
    @Test
    func namesEachCellOnceAndGivesItEnoughRequests() {
        #expect(Set(Matrix.cells.map(\.name)).count == Matrix.cells.count)
        #expect(Matrix.cells.allSatisfy { $0.requests >= 20_000 })
    }

    @Test(arguments: StageKind.allCases)
    func killsFreezesAndEndsEachStage(kind: StageKind) {
        let faults = Matrix.cells.flatMap(\.faults).map(\.fault)
        #expect(faults.contains(.kill([kind.name(1)])))
        #expect(faults.contains(.freeze([kind.name(1)], for: .seconds(10))))
        #expect(faults.contains(.terminate([kind.name(1)])))
    }

    @Test
    func findsCellsByNameAndByTheBeginningOfAName() throws {
        #expect(try Matrix.cells(named: ["kill-dispatch"]).map(\.name) == ["kill-dispatch"])
        #expect(try Matrix.cells(named: ["reply-lost"]).map(\.name) == ["reply-lost-ingest", "reply-lost-emit"])
        #expect(try Matrix.cells(named: []).count == Matrix.cells.count)
        #expect(throws: Matrix.UnknownCell.self) { try Matrix.cells(named: ["kill-all-the-lawyers"]) }
    }

    @Test
    func leavesOutWhatAQueueWithoutAServerCannotShow() throws {
        #expect(Matrix.cells.filter(QueueKind.sqlite.fits).allSatisfy { !$0.name.hasPrefix("redis-") })
        #expect(Matrix.cells.filter(QueueKind.redisSortedSet.fits).count == Matrix.cells.count)
        let away = try #require(try Matrix.cells(named: ["redis-away-2s"]).first)
        #expect(QueueKind.sqlite.objection(to: away) == "there is no server to which anything could happen")
    }

    @Test
    func runsWholeOnPubSubThoughItsEmulatorForgetsEverythingWhenItEnds() throws {
        let cells = QueueKind.googlePubSub.cells
        #expect(cells.filter(QueueKind.googlePubSub.fits).count == Matrix.cells.count)
        #expect(Set(cells.map(\.name)).count == cells.count)
        #expect(cells.allSatisfy { !$0.name.contains("redis") && !$0.summary.contains("Redis") })
        #expect(cells.allSatisfy { $0.layout.leaseSeconds >= 10 })
        for fault in cells.flatMap(\.faults).map(\.fault) {
            if case .serverAway(_, let kill) = fault { #expect(!kill) }
        }
        let refused = try #require(try Matrix.cells(named: ["pubsub-refused-20s"], among: cells).first)
        #expect(refused.faults.map(\.fault) == [.links(.toServer, .refused(.seconds(20)))])
        let frozen = try #require(try Matrix.cells(named: ["freeze-ingest-past-lease"], among: cells).first)
        #expect(frozen.faults.map(\.fault) == [.freeze(["ingest1"], for: .seconds(20))])
    }

    @Test(arguments: QueueKind.allCases)
    func hasEveryVictimAmongTheProcessesOfItsCell(queue: QueueKind) {
        for cell in queue.cells {
            let names = StageKind.allCases.flatMap { $0.names(cell.layout.places($0)) }
            for fault in cell.faults.map(\.fault) {
                switch fault {
                case .kill(let victims, _), .terminate(let victims), .freeze(let victims, _):
                    #expect(victims.allSatisfy(names.contains), "\(cell.name)")
                case .links(let road, _):
                    #expect(road == .stages ? cell.layout.hasLinkProxies : cell.layout.hasServerProxies)
                default: break
                }
            }
        }
    }

    @Test
    func shortensACellToOneFaultOfEach() throws {
        let cell = try #require(try Matrix.cells(named: ["kill-dispatch"]).first).shortened(to: 2000)
        #expect(cell.requests == 2000)
        #expect(cell.faults.map(\.count) == [1])
    }
}
