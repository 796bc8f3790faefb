import Foundation

/// What Prometheus client libraries tell about a process, under their usual names; read on each scrape.
package enum ProcessMetrics {
    package static func register(in registry: MetricsRegistry) {
        registry.counter("process_cpu_seconds_total", help: "User and system time in seconds.", read: cpuSeconds)
        registry.gauge("process_resident_memory_bytes", help: "Resident memory in bytes.", read: residentBytes)
        registry.gauge("process_open_fds", help: "Open file descriptors.", read: openDescriptors)
        let start = Date().timeIntervalSince1970
        registry.gauge("process_start_time_seconds", help: "When it started, in seconds since 1970.") { start }
    }

    /// Source: clock_gettime(2).
    private static func cpuSeconds() -> Double {
        var time = timespec()
        guard clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) == 0 else { return .nan }
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// Source: proc(5), /proc/self/statm, second field, in pages.
    private static func residentBytes() -> Double {
        guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8) else { return .nan }
        let fields = text.split(separator: " ")
        guard fields.count > 1, let pages = Double(fields[1]) else { return .nan }
        return pages * Double(sysconf(Int32(_SC_PAGESIZE)))
    }

    /// Source: proc(5), /proc/self/fd.
    private static func openDescriptors() -> Double {
        guard let entries = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd") else { return .nan }
        return Double(entries.count)
    }
}
