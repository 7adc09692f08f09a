// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Glibc

extension Descriptor {
    /// The names in this directory, without `.` and `..`.
    borrowing func entries() throws(StoreError) -> [String] {
        // Opened anew, because a copy of the descriptor would share its place in the list with other threads.
        let opened = try check("listing a directory") {
            unsafe openat(number, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        }
        // fdopendir(3) takes it over; closedir closes it.
        guard let stream = unsafe fdopendir(opened) else {
            let reason = Glibc.errno
            close(opened)
            throw StoreError("listing a directory", errno: reason)
        }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while let entry = unsafe readdir(stream) {
            // d_name ends with NUL (readdir(3)).
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
                unsafe $0.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names
    }
}
