// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import CLibCurl
internal import Glibc

/// A result code of libcurl with the detail that it wrote beside it.
package struct CurlError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The `CURLE_…` number.
    package let rawCode: UInt32
    package let message: String

    init(code: CURLcode, detail: String) {
        rawCode = code.rawValue
        message = detail.isEmpty ? unsafe String(cString: curl_easy_strerror(code)) : detail
    }

    var code: CURLcode { CURLcode(rawCode) }
    var isSuccess: Bool { code == CURLE_OK }

    package var description: String { message }
}

/// One easy handle with its options; subclasses say what it is for. Loop thread only.
@safe
class CurlTransfer {
    let easy: UnsafeMutableRawPointer
    /// Where curl writes the detail of an error (CURLOPT_ERROR_BUFFER); lives until after the handle.
    private let errorBuffer: UnsafeMutablePointer<CChar>
    private var lists: [CurlList] = []

    init() {
        guard let easy = unsafe curl_easy_init() else { preconditionFailure("curl_easy_init has memory") }
        unsafe self.easy = easy
        unsafe errorBuffer = .allocate(capacity: Int(CURL_ERROR_SIZE))
        unsafe errorBuffer.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        unsafe check(pb_easy_set_pointer(easy, CURLOPT_ERRORBUFFER, errorBuffer))
        set(CURLOPT_NOSIGNAL, 1)
        set(CURLOPT_FOLLOWLOCATION, 0)
        set(CURLOPT_PROTOCOLS_STR, "http,https")
    }

    deinit {
        unsafe curl_easy_cleanup(easy)
        unsafe errorBuffer.deallocate()
    }

    /// Names the handle in the multi's table.
    var address: UInt { unsafe UInt(bitPattern: easy) }

    var errorText: String { unsafe String(cString: errorBuffer) }

    /// The transfer is done and still on the multi.
    func willFinish(_ result: CURLcode) {}

    /// The transfer is done and off the multi.
    func finished(_ error: CurlError) { preconditionFailure("every transfer says what it is for") }

    func set(_ option: CURLoption, _ value: Int) { check(unsafe pb_easy_set_long(easy, option, value)) }
    func set(_ option: CURLoption, _ value: String?) { check(unsafe pb_easy_set_text(easy, option, value)) }
    @unsafe func set(_ option: CURLoption, pointer: UnsafeRawPointer?) {
        check(unsafe pb_easy_set_pointer(easy, option, pointer))
    }

    @unsafe func set(_ option: CURLoption, function: @escaping pb_data_function) {
        check(unsafe pb_easy_set_data_function(easy, option, function))
    }

    @unsafe func setOpenSocket(_ function: @escaping curl_opensocket_callback) {
        check(unsafe pb_easy_set_open_socket(easy, function))
    }

    @unsafe func setCloseSocket(_ function: @escaping curl_closesocket_callback) {
        check(unsafe pb_easy_set_close_socket(easy, function))
    }

    /// Sets an option that takes a list of lines; the list lives as long as the handle.
    func set(_ option: CURLoption, lines: [String]) {
        let list = CurlList(lines)
        lists.append(list)
        unsafe set(option, pointer: list.head)
    }

    /// Options are constants of this module; one that fails is a libcurl built without what we need.
    private func check(_ code: CURLcode) {
        precondition(code == CURLE_OK, "libcurl lacks an option that Putback needs")
    }
}

/// A list of lines as curl wants it (curl_slist_append(3)).
@safe
private final class CurlList {
    fileprivate let head: UnsafeMutablePointer<curl_slist>?

    init(_ lines: [String]) {
        var list: UnsafeMutablePointer<curl_slist>?
        for line in lines { unsafe list = curl_slist_append(list, line) }
        unsafe head = list
    }

    deinit { unsafe curl_slist_free_all(head) }
}
