// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

// `fuzz TARGET [libFuzzer options]`; see Tests/README.md.

private import CFuzzDriver
private import Glibc

/// The target of this process; written once, before the driver starts.
nonisolated(unsafe) private var chosen: (([UInt8]) -> Void)?

/// What libFuzzer links against; the driver calls the closure below instead.
@c(LLVMFuzzerTestOneInput)
func testOneInput(_ data: UnsafePointer<UInt8>?, _ size: Int) -> Int32 {
    unsafe chosen?(Array(UnsafeBufferPointer(start: data, count: size)))
    return 0
}

guard CommandLine.arguments.count > 1, let target = fuzzTargets[CommandLine.arguments[1]] else {
    print("usage: fuzz \(fuzzTargets.keys.sorted().joined(separator: "|")) [options]")
    exit(64)
}
unsafe chosen = target

// The driver must not see the target's name, which it would take for a folder of inputs.
var count = CommandLine.argc - 1
var values: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?> = unsafe CommandLine.unsafeArgv + 1
unsafe values[0] = unsafe CommandLine.unsafeArgv[0]
exit(unsafe LLVMFuzzerRunDriver(&count, &values) { data, size in unsafe testOneInput(data, size) })
