// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Digests
import HTTPWire
import Octets
import Signing

/// Signatures and checksums.
func digestLeaves(_ bench: inout Bench) {
    let credentials = AccessKey(
        id: "LTAI5tBenchmarkKeyId0000", secret: Array("a secret of thirty bytes text".utf8))
    let signer = OSSSigner(version: .v4, credentials: credentials, region: "cn-hangzhou")
    let resource = OSSResource(bucket: "media", key: Array("photos/2026/11/25/holiday in the hills.jpg".utf8))
    var fields = HeaderFields()
    bench.measure("canonical request and V4 signature") {
        fields.removeAll()
        fields.append("Host", "media.oss-cn-hangzhou.aliyuncs.com")
        fields.append("Content-Type", "image/jpeg")
        fields.append("Content-Length", decimal: 1024)
        fields.append("x-oss-meta-device", "device-0123456789")
        signer.sign(method: "PUT", resource: resource, fields: &fields, now: 1_700_000_000)
    }
    precondition(fields.contains("Authorization"), "a signed request says so")

    let volcano = TOSSigner(key: credentials, region: "cn-beijing")
    let object = Array("photos/2026/11/25/holiday in the hills.jpg".utf8)
    bench.measure("canonical request and TOS4 signature") {
        fields.removeAll()
        fields.append("Host", "media.tos-cn-beijing.volces.com")
        fields.append("Content-Type", "image/jpeg")
        fields.append("Content-Length", decimal: 1024)
        fields.append("x-tos-meta-device", "device-0123456789")
        volcano.sign(
            method: "PUT", bucket: nil, key: object, parameters: [], fields: &fields, now: 1_700_000_000)
    }
    precondition(fields.contains("Authorization"), "a signed request says so")

    let verifier = TOSVerifier()
    let path = Array("/".utf8) + object
    bench.measure("TOS4 signature, verified") {
        let id = try? verifier.verify(
            method: "PUT", path: path, parameters: [], fields: fields, now: 1_700_000_000
        ) { _ in credentials }
        precondition(id != nil, "what one signs the other accepts")
    }

    let key = KeyedHMACSHA256(key: Array("the key of a day, 32 bytes long.".utf8).span)
    let message = [UInt8](repeating: 0x61, count: 200)
    var code: [UInt8] = []
    bench.measure("HMAC-SHA-256 of 200 B, keyed") {
        code.removeAll(keepingCapacity: true)
        key.appendHex(of: message.span, to: &code)
    }
    keep(code)

    let body = [UInt8](repeating: 0x62, count: 1 << 20)
    bench.measure("CRC-64 of 1 MiB") { keep(CRC64.checksum(body.span)) }
}
