// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Octets

extension US3Inbound {
    /// The parameters that choose an operation, as the pages of the US3 API manual on multipart upload describe them.
    struct Query: ParameterLookup {
        /// What a list of parts holds where the client says nothing (ListParts of the Go SDK).
        static let defaultParts = 100

        let parameters: [(name: [UInt8], value: [UInt8])]

        init(_ parameters: [(name: [UInt8], value: [UInt8])]) { self.parameters = parameters }

        func uploadID() throws(VendorError) -> [UInt8] {
            guard let id = first("uploadId"), !id.isEmpty else {
                throw VendorError.us3(.invalidArgument, "invalid uploadId")
            }
            return id
        }

        /// Parts are counted from 0.
        func partNumber() throws(VendorError) -> Int {
            guard let text = first("partNumber"), let number = UInt64(decimal: text.span), number < 1_310_720 else {
                throw VendorError.us3(.invalidArgument, "invalid partNumber")
            }
            return Int(number)
        }

        /// The marker is the first part wanted (live output in ufile-sdk-java, issue 61: parts 3 to 5, next marker 6).
        func partListing() throws(VendorError) -> ListOptions {
            var options = ListOptions()
            options.limit = try limit("max-parts", default: Self.defaultParts)
            let text = first("part-number-marker") ?? []
            guard text.isEmpty || UInt64(decimal: text.span) != nil else {
                throw VendorError.us3(.invalidArgument, "invalid part-number-marker")
            }
            if let start = UInt64(decimal: text.span), start > 0 { options.marker = Array(String(start - 1).utf8) }
            return options
        }

        func uploadListing() throws(VendorError) -> ListOptions {
            var options = ListOptions()
            options.limit = try limit("limit", default: nil)
            options.marker = first("marker") ?? []
            options.prefix = first("prefix") ?? []
            return options
        }

        /// At most 1000, and the default for 0, which the Go SDK sends where its caller says nothing.
        private func limit(_ name: String, default usual: Int?) throws(VendorError) -> Int? {
            guard let text = first(name), !text.isEmpty else { return usual }
            guard let limit = UInt64(decimal: text.span) else {
                throw VendorError.us3(.invalidArgument, "invalid \(name)")
            }
            return limit == 0 ? usual : Int(min(limit, 1000))
        }
    }
}
