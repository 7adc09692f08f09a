// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import HTTPWire
import Testing

@Suite struct HopByHopTests {
    @Test(arguments: [
        ("Connection", true), ("keep-alive", true), ("TE", true), ("Trailer", true), ("TRANSFER-encoding", true),
        ("Upgrade", true), ("Proxy-Authorization", true), ("proxy-connection", true), ("X-Listed", true),
        ("x-also", true), ("Proxy-", true), ("Proxy", false), ("Proxies", false), ("Content-Length", false),
        ("X-Liste", false),
        ("X-Listed2", false), ("TEE", false), ("Host", false), ("Trailers", false),
    ])
    func `tells fields of this hop`(_ name: String, _ isHop: Bool) {
        var fields = HeaderFields()
        fields.append("Connection", "x-listed, close")
        fields.append("connection", "X-Also")
        fields.append(name: name, "value")
        #expect(HopByHop.isHop(at: 2, of: fields) == isHop)
        #expect(HopByHop.isHop(Array(name.utf8)[...], connection: fields) == isHop)
    }
}
