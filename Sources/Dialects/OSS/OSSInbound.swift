// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

package import HTTPWire
internal import Octets
internal import Signing

/// Reads what clients of OSS send.
package enum OSSInbound {
    /// The largest body of one PutObject, in bytes ("PutObject" of the OSS API reference).
    package static let largestPutBytes: UInt64 = 5 << 30

    /// What a request asks for, or how OSS refuses it. Nothing is verified here.
    ///
    /// - Parameters:
    ///   - baseHost: the listener's host name, in front of which buckets may stand; lower-case, without port.
    ///   - bucketDefault: the bucket of all other host names (custom domains); nil: their requests are path style.
    package static func operation(
        head: RequestHead, baseHost: String?, bucketDefault: String?
    ) -> Result<OSSOperation, VendorError> {
        do throws(VendorError) {
            return .success(try read(head, baseHost: baseHost, bucketDefault: bucketDefault))
        } catch {
            return .failure(error)
        }
    }

    private static func read(
        _ head: RequestHead, baseHost: String?, bucketDefault: String?
    ) throws(VendorError) -> OSSOperation {
        let place = try Place.of(head, baseHost: baseHost, bucketDefault: bucketDefault)
        let text = head.query ?? []
        guard let query = QueryItems(text.span, plusIsSpace: true) else {
            throw .invalidArgument(name: "query", value: String(octets: text.span))
        }
        guard let bucket = place.bucket else { throw refusal(head.method, of: "Service") }
        guard OSSNames.isBucket(bucket.utf8.span) else {
            throw VendorError(.invalidBucketName, details: [("BucketName", bucket)])
        }
        guard let key = place.key else { throw refusal(head.method, of: "Bucket") }
        if let problem = OSSNames.problem(withKey: key.span) { throw problem }
        let resource = OSSResource(
            bucket: bucket, key: key, parameters: query.items.map { (name: $0.name, value: $0.value) })
        return OSSOperation(
            action: try action(head, resource), bucket: bucket, key: key, addressing: place.addressing,
            resource: resource)
    }

    private static func action(_ head: RequestHead, _ resource: OSSResource) throws(VendorError) -> OSSOperation.Action {
        switch head.method {
        case .put, .get, .head, .delete: break
        // Multipart and append are the POST operations on objects.
        case .post where resource.parameters.contains { OSSResource.isSubresource($0.name) }:
            throw .notImplemented("The operation")
        default: throw .methodNotAllowed(head.method.name, on: "Object")
        }
        for parameter in resource.parameters where selectsOperation(parameter.name, head.method) {
            throw .notImplemented("The operation ?\(String(octets: parameter.name.span))")
        }
        switch head.method {
        case .put: return .putObject(try putOptions(head, resource))
        case .get: return .getObject(try getOptions(head, resource))
        case .head: return .headObject(try getOptions(head, resource))
        default: return .deleteObject
        }
    }

    /// Whether a parameter makes the request another one than those on whole objects.
    private static func selectsOperation(_ name: [UInt8], _ method: HTTPMethod) -> Bool {
        guard OSSResource.isSubresource(name) else { return false }
        let text = String(octets: name.span)
        if text.hasPrefix("response-") { return method != .get && method != .head }
        // GetObjectMeta is a HeadObject that tells less; oss2 asks it whether an object exists.
        if text == "objectMeta" { return method != .head }
        return !harmlessParameters.contains(text)
    }

    private static func refusal(_ method: HTTPMethod, of resource: String) -> VendorError {
        switch method {
        case .get, .head, .put, .post, .delete: .notImplemented("\(method.name) \(resource)")
        default: .methodNotAllowed(method.name, on: resource)
        }
    }

    /// Sub-resources that go with the operations on whole objects.
    private static let harmlessParameters: Set<String> = [
        "callback", "callback-var", "security-token", "x-oss-security-token", "x-oss-signature-version",
        "x-oss-signature", "x-oss-date", "x-oss-expires", "x-oss-credential", "x-oss-additional-headers",
        "x-oss-traffic-limit", "x-oss-request-payer", "x-oss-ac-forward-allow", "x-oss-ac-source-ip",
        "x-oss-ac-subnet-mask", "x-oss-ac-vpc-id",
    ]
}
