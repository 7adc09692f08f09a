// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Octets

extension OSSInbound {
    /// The parameters that choose an operation, as the pages of the OSS API reference on multipart upload and
    /// "AppendObject" describe them.
    struct Query: ParameterLookup {
        let parameters: [(name: [UInt8], value: [UInt8])]

        init(_ parameters: [(name: [UInt8], value: [UInt8])]) { self.parameters = parameters }

        func uploadID() throws(VendorError) -> [UInt8] {
            guard let id = first("uploadId"), !id.isEmpty else {
                throw .invalidArgument("The upload id is missing.", name: "uploadId", value: "")
            }
            return id
        }

        func partNumber() throws(VendorError) -> Int {
            let text = first("partNumber") ?? []
            guard let number = UInt64(decimal: text.span), (1...10_000).contains(number) else {
                throw .invalidArgument(
                    "Part number must be an integer between 1 and 10000, inclusive.", name: "partNumber",
                    value: String(octets: text.span))
            }
            return Int(number)
        }

        func position() throws(VendorError) -> UInt64 {
            let text = first("position") ?? []
            guard let position = UInt64(decimal: text.span), position <= UInt64(Int64.max) else {
                throw .invalidArgument(
                    "The position must be the length of the object.", name: "position",
                    value: String(octets: text.span))
            }
            return position
        }

        func partListing() throws(VendorError) -> ListOptions {
            var options = ListOptions()
            options.limit = try limit("max-parts")
            options.marker = first("part-number-marker") ?? []
            options.encodesKeys = try encodesKeys()
            guard options.marker.isEmpty || UInt64(decimal: options.marker.span) != nil else {
                throw .invalidArgument(name: "part-number-marker", value: String(octets: options.marker.span))
            }
            return options
        }

        func uploadListing() throws(VendorError) -> ListOptions {
            var options = uploadListing(limit: try limit("max-uploads"))
            options.encodesKeys = try encodesKeys()
            return options
        }

        /// At most 1000; nil: as many.
        private func limit(_ name: String) throws(VendorError) -> Int? {
            guard let text = first(name), !text.isEmpty else { return nil }
            guard let limit = UInt64(decimal: text.span), (1...1000).contains(limit) else {
                throw .invalidArgument(
                    "Argument \(name) must be an integer between 1 and 1000.", name: name,
                    value: String(octets: text.span))
            }
            return Int(limit)
        }

        func encodesKeys() throws(VendorError) -> Bool {
            guard let text = first("encoding-type"), !text.isEmpty else { return false }
            guard text.elementsEqual("url".utf8) else {
                throw .invalidArgument(
                    "Invalid Encoding Method specified in Request.", name: "encoding-type",
                    value: String(octets: text.span))
            }
            return true
        }
    }
}
