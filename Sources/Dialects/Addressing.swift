// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

/// Where the bucket stands in a request to a store.
package enum Addressing: String, Sendable, CaseIterable {
    /// In front of the endpoint's host: `bucket.oss-cn-hangzhou.aliyuncs.com/key`.
    case virtualHost
    /// First segment of the path. The vendors refuse it on their public endpoints.
    case path
    /// Nowhere: the host is a name bound to one bucket.
    case customDomain
}
