// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Octets
import Testing

@testable import Digests

/// Random bytes and identifiers.
@Suite struct IdentifierTests {
    @Test func `gives as many random bytes as asked for`() {
        #expect(RandomBytes.bytes(0) == [])
        #expect(RandomBytes.bytes(33).count == 33)
        #expect(RandomBytes.bytes(16) != RandomBytes.bytes(16))
    }

    @Test func `makes UUIDs of version 4`() {
        var seen: Set<String> = []
        for _ in 0..<200 {
            let uuid = RandomBytes.uuid()
            #expect(uuid.wholeMatch(of: /[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/) != nil)
            seen.insert(uuid)
        }
        #expect(seen.count == 200)
    }

    @Test func `numbers requests without repeating`() {
        let source = RequestIDSource(prefix: 0x0000_00AB, counter: .max - 1)
        #expect(source.nextID().text == "000000ABFFFFFFFFFFFFFFFF")
        #expect(source.nextID().text == "000000AB0000000000000000")
        #expect(source.nextID().text == "000000AB0000000000000001")
        let first = RequestIDSource()
        let second = RequestIDSource()
        let identifiers = (0..<500).flatMap { _ in [first.nextID().text, second.nextID().text] }
        #expect(Set(identifiers).count == 1000)
        #expect(identifiers.allSatisfy { $0.wholeMatch(of: /[0-9A-F]{24}/) != nil })
    }

    @Test func `writes a request identifier into any sink`() {
        let source = RequestIDSource(prefix: 0xDEAD_BEEF, counter: 0x0123_4567_89AB_CDEE)
        let id = source.nextID()
        #expect(id == RequestID(prefix: 0xDEAD_BEEF, counter: 0x0123_4567_89AB_CDEF))
        var buffer = OctetBuffer()
        buffer.append("id ")
        id.append(to: &buffer)
        #expect(String(octets: buffer.span) == "id DEADBEEF0123456789ABCDEF")
        #expect(id.text == "DEADBEEF0123456789ABCDEF")
        #expect(id.text.utf8.count == RequestID.digits)
    }
}
