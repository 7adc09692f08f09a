// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Octets

extension TOSInbound {
    /// The parameters that choose an operation (multipart.go of the Go SDK; page 74868).
    struct Query: ParameterLookup {
        let parameters: [(name: [UInt8], value: [UInt8])]

        init(_ parameters: [(name: [UInt8], value: [UInt8])]) { self.parameters = parameters }

        var isEmpty: Bool { parameters.isEmpty }

        func uploadID() throws(VendorError) -> [UInt8] {
            guard let id = first("uploadId"), !id.isEmpty else {
                throw VendorError(tos: .badRequest("The upload id is missing."))
            }
            return id
        }

        func partNumber() throws(VendorError) -> Int {
            guard let number = first("partNumber").flatMap({ UInt64(decimal: $0.span) }), (1...10_000).contains(number)
            else { throw VendorError(.tosInvalidPartNumber) }
            return Int(number)
        }

        func offset() throws(VendorError) -> UInt64 {
            guard let offset = first("offset").flatMap({ UInt64(decimal: $0.span) }), offset <= UInt64(Int64.max) else {
                throw VendorError(tos: .badRequest("The offset must be the length of the object."))
            }
            return offset
        }

        func partListing() throws(VendorError) -> ListOptions {
            var options = ListOptions()
            options.limit = try limit("max-parts")
            options.marker = first("part-number-marker") ?? []
            guard options.marker.isEmpty || UInt64(decimal: options.marker.span) != nil else {
                throw VendorError(tos: .badRequest("part-number-marker must be a number."))
            }
            return options
        }

        func uploadListing() throws(VendorError) -> ListOptions {
            uploadListing(limit: try limit("max-uploads"))
        }

        private func limit(_ name: String) throws(VendorError) -> Int? {
            guard let text = first(name), !text.isEmpty else { return nil }
            guard let limit = UInt64(decimal: text.span), (1...1000).contains(limit) else {
                throw VendorError(tos: .badRequest("\(name) must be from 1 to 1000."))
            }
            return Int(limit)
        }
    }
}
