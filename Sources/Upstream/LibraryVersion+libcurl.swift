// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import CLibCurl
package import Eventing

extension LibraryVersion {
    package static var libcurl: String {
        unsafe String(cString: pb_curl_version())
    }
}
