// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

private import Glibc
private import Settings

/// What the kernel says of this process (proc(5)), under the names that all Prometheus clients use. nil where it does not.
enum MetricsProcess {
    /// When the process started, in Unix nanoseconds: the machine's start and the ticks from there to the process's.
    static let start: Int? = {
        // The second field, the name of the program, may hold anything, spaces and brackets too.
        guard let status = read("/proc/self/stat"), let name = status.lastIndex(of: UInt8(ascii: ")")),
            let boot = line("btime ", of: read("/proc/stat") ?? [])
        else { return nil }
        let fields = status[(name + 1)...].split(separator: UInt8(ascii: " "))
        // Field 22 of proc_pid_stat(5); the first one here is the third there.
        guard fields.count > 19, let ticks = number(fields[19]), case let perSecond = sysconf(Int32(_SC_CLK_TCK)),
            perSecond > 0
        else { return nil }
        return boot * 1_000_000_000 + ticks * (1_000_000_000 / perSecond)
    }()

    static var residentBytes: Int? {
        guard let fields = read("/proc/self/statm")?.split(separator: UInt8(ascii: " ")), fields.count > 1 else {
            return nil
        }
        return number(fields[1]).map { $0 * sysconf(Int32(_SC_PAGESIZE)) }
    }

    /// Descriptors in use, without the one that counts them.
    static var openDescriptors: Int? {
        guard let folder = unsafe opendir("/proc/self/fd") else { return nil }
        defer { unsafe closedir(folder) }
        var count = 0
        while let entry = unsafe readdir(folder) {
            if unsafe entry.pointee.d_name.0 != CChar(UInt8(ascii: ".")) { count += 1 }
        }
        return count - 1
    }

    static var descriptorLimit: Int? {
        var limit = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return nil }
        return Int(exactly: limit.rlim_cur)
    }

    /// Time on a processor, of all threads.
    static var processorNanoseconds: Int? {
        var time = timespec()
        guard unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) == 0 else { return nil }
        return time.tv_sec * 1_000_000_000 + time.tv_nsec
    }

    private static func line(_ prefix: String, of text: [UInt8]) -> Int? {
        text.split(separator: UInt8(ascii: "\n")).first { $0.starts(with: prefix.utf8) }
            .flatMap { number($0.dropFirst(prefix.utf8.count)) }
    }

    private static func number(_ text: ArraySlice<UInt8>) -> Int? {
        Int(String(decoding: text, as: UTF8.self))
    }

    private static func read(_ path: String) -> [UInt8]? { try? TextFile.read(path, maximumBytes: 1 << 20) }
}
