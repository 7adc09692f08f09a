// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

private import CLinux
private import Glibc

extension ObjectReader {
    /// Puts data from an offset on into a socket that does not block, by sendfile(2): they are never in this process. Returns
    /// how many bytes the socket took; nil if none now. Blocks on the disk only.
    ///
    /// Throws `damaged` if the file has become shorter, and `system` with what the socket says.
    package func send(from offset: UInt64, count: Int, to socket: Int32) throws(StoreError) -> Int? {
        guard offset < object.size else { return 0 }
        var place = off_t(offset)
        let most = Int(min(UInt64(count), object.size - offset))
        let file = descriptor.number
        do throws(StoreError) {
            let sent = try check("sending an object") { unsafe sendfile(socket, file, &place, most) }
            guard sent > 0 else { throw StoreError(.damaged, "sending an object") }
            return sent
        } catch  where error.errno == EAGAIN {
            return nil
        }
    }
}
