// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

/// A part as it lies in the store.
package struct StoredPart: Sendable, Equatable {
    package let number: Int
    /// Bytes of data.
    package let size: UInt64
    /// 16 bytes.
    package let md5: [UInt8]
    /// CRC-64/XZ of the data.
    package let crc64: UInt64
    /// 20 bytes; nil unless it was asked for.
    package let sha1: [UInt8]?
    /// Unix seconds of the end of its upload, by the clock of the file system.
    package let lastModified: Int64
}

/// A part that a completion names.
package struct PartChoice: Sendable, Equatable {
    /// What the part must be.
    package enum Check: Sendable, Equatable {
        /// Its MD5, 16 bytes: the ETag of OSS and TOS.
        case md5([UInt8])
        /// Its SHA-1, 20 bytes: the ETag of US3. Fails for a part that was written without.
        case sha1([UInt8])
    }

    package let number: Int
    package let check: Check?

    package init(number: Int, check: Check? = nil) {
        self.number = number
        self.check = check
    }

    func accepts(_ part: StoredPart) -> Bool {
        switch check {
        case .md5(let digest): digest == part.md5
        case .sha1(let digest): digest == part.sha1
        case nil: true
        }
    }
}
