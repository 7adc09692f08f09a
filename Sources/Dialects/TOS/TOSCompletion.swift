// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import HTTPWire
internal import Octets

/// Reads what a CompleteMultipartUpload wants its object to be made of (page 74868; multipart.go of the Go SDK).
enum TOSCompletion {
    /// `{"Parts":[{"PartNumber":1,"ETag":"…"}]}`; ETags with quotes (Go) or without (Python).
    static func read(_ body: Span<UInt8>, _ head: RequestHead) throws(VendorError) -> Completion {
        if head.fields.string("x-tos-complete-all")?.lowercased() == "yes" {
            guard body.isEmpty else {
                throw VendorError(tos: .badRequest("x-tos-complete-all goes with no list of parts."))
            }
            return Completion(parts: [], takesAll: true)
        }
        guard !body.isEmpty else { throw VendorError(.tosMissingBody) }
        guard let json = try? JSON.parse(body), let list = json["Parts"]?.arrayValue, !list.isEmpty else {
            throw VendorError(.tosMalformedBody)
        }
        var parts: [Completion.Part] = []
        for item in list {
            guard let number = item["PartNumber"]?.integerValue, let etag = item["ETag"]?.stringValue else {
                throw VendorError(.tosMalformedBody)
            }
            guard (1...10_000).contains(number) else { throw VendorError(.tosInvalidPartNumber) }
            parts.append(Completion.Part(number: number, etag: etag.filter { $0 != "\"" }))
        }
        // The Go SDK sorts, the Python SDK sends the caller's order.
        return Completion(parts: parts.sorted { $0.number < $1.number })
    }

    static func body(_ parts: [Completion.Part]) -> [UInt8] {
        var bytes: [UInt8] = []
        JSON.object([
            (
                "Parts",
                .array(
                    parts.map {
                        .object([("PartNumber", .integer($0.number)), ("ETag", .string("\"\($0.etag)\""))])
                    })
            )
        ]).write(to: &bytes)
        return bytes
    }
}
