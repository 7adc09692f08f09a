// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

/// The query parameters that a V1 signature covers; all others are outside of it.
///
/// The SDKs' own lists differ where bucket operations are concerned; this is their union (oss2 `auth.py`, PHP
/// `SignerV1.php`, Java `SignParameters.java`, Go `conn.go`, Go v2 and Python v2 `signer/v1`).
enum OSSSubresources {
    /// Whether the parameter of that name is part of the signed resource.
    static func contains(_ name: [UInt8]) -> Bool {
        name.starts(with: "x-oss-".utf8) || names.contains(name)
    }

    private static let names: Set<[UInt8]> = Set(list.split(whereSeparator: \.isWhitespace).map { Array($0.utf8) })

    private static let list = """
        accessPoint accessPointPolicy acl append asyncFetch bucketArchiveDirectRead bucketInfo callback callback-var
        cloudboxes cname comp continuation-token cors delete encryption endTime group httpsConfig img inventory
        inventoryId lifecycle link live location logging metaQuery objectInfo objectMeta partNumber policy policyStatus
        position publicAccessBlock qos qosInfo qosRequester redundancyTransition referer regionList replication
        replicationLocation replicationProgress requestPayment requesterQosInfo resourceGroup resourcePool
        resourcePoolBuckets resourcePoolInfo response-cache-control response-content-disposition
        response-content-encoding response-content-language response-content-type response-expires responseHeader
        restore rtc seal security-token sequential startTime stat status style styleName symlink tagging
        transferAcceleration udf udfApplication udfApplicationLog udfId udfImage udfImageDesc udfName uploadId uploads
        versionId versioning versions vod website withHashContext worm wormExtend wormId
        """
}

extension OSSResource {
    /// Whether a V1 signature covers the parameter of that name: parameters that choose or change an operation.
    package static func isSubresource(_ name: [UInt8]) -> Bool { OSSSubresources.contains(name) }
}
