// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import CLibCurl
internal import Eventing
internal import Glibc

/// Makes one TCP connection by libcurl: name resolution, Happy Eyeballs, proxies and their tunnels. Loop thread only.
///
/// `CURLOPT_CONNECT_ONLY` ends the transfer once connected. Taking the handle off the multi closes its connection, so the
/// close callback (CURLOPT_CLOSESOCKETFUNCTION) spares the one socket that was taken over; the losers of the race and the
/// socket of a cancelled dial are closed by it.
final class Dial: CurlTransfer {
    private let multi: CurlMulti
    private let mayConnect: (@Sendable ([UInt8]) -> Bool)?
    private var wasForbidden = false
    private var taken: Int32 = -1
    private var completion: ((Result<Int32, StoreFailure>) -> Void)?

    /// Starts to connect; `completion` is called once, in a later turn, with a non-blocking descriptor that it owns.
    init(
        multi: CurlMulti, endpoint: StoreEndpoint, place: StorePlace,
        completion: @escaping (Result<Int32, StoreFailure>) -> Void
    ) {
        self.multi = multi
        mayConnect = endpoint.mayConnect
        self.completion = completion
        super.init()
        set(CURLOPT_URL, "http://\(place.description)/")
        set(CURLOPT_CONNECT_ONLY, 1)
        set(CURLOPT_CONNECTTIMEOUT_MS, Int(endpoint.connectTimeout.wholeNanoseconds / 1_000_000))
        // TLS is ours and begins inside the tunnel.
        set(CURLOPT_HTTPPROXYTUNNEL, 1)
        set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
        // Empty: none, not even the one that the environment names.
        set(CURLOPT_PROXY, endpoint.proxy ?? "")
        set(CURLOPT_TCP_NODELAY, 1)
        unsafe setCloseSocket { context, socket in
            let dial = unsafe Unmanaged<Dial>.fromOpaque(context.unsafelyUnwrapped).takeUnretainedValue()
            return socket == dial.taken ? 0 : close(socket)
        }
        // Unretained: the handle is cleaned up in this object's deinit, its last callback.
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe set(CURLOPT_CLOSESOCKETDATA, pointer: context)
        if mayConnect != nil {
            unsafe set(CURLOPT_OPENSOCKETDATA, pointer: context)
            unsafe setOpenSocket { context, _, address in
                let dial = unsafe Unmanaged<Dial>.fromOpaque(context.unsafelyUnwrapped).takeUnretainedValue()
                return unsafe dial.openSocket(address.unsafelyUnwrapped)
            }
        }
        multi.add(self)
    }

    /// Gives up; the completion is not called.
    func cancel() {
        completion = nil
        multi.remove(self)
    }

    /// Asks about the very address that curl connects to next: what a name resolves to may change between two looks.
    private func openSocket(_ address: UnsafeMutablePointer<curl_sockaddr>) -> curl_socket_t {
        var octets = [UInt8](repeating: 0, count: 16)
        let count = Int(unsafe pb_address_octets(address, &octets))
        if let mayConnect, !mayConnect(Array(octets[..<count])) {
            wasForbidden = true
            return CURL_SOCKET_BAD
        }
        return unsafe pb_open_socket(address)
    }

    override func willFinish(_ result: CURLcode) {
        guard result == CURLE_OK, completion != nil else { return }
        var socket: curl_socket_t = -1
        guard unsafe pb_easy_get_socket(easy, &socket) == CURLE_OK else { return }
        taken = socket
    }

    override func finished(_ error: CurlError) {
        guard let completion else { return }
        self.completion = nil
        guard error.isSuccess, taken >= 0 else {
            let forbidden = StoreFailure(.forbidden, "the target's address may not be connected to")
            return completion(.failure(wasForbidden ? forbidden : StoreFailure(dialling: error)))
        }
        completion(.success(taken))
    }
}

extension StoreFailure {
    fileprivate init(dialling error: CurlError) {
        switch error.code {
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY: self.init(.resolve, error.message)
        case CURLE_OPERATION_TIMEDOUT: self.init(.connectTimeout, error.message)
        default: self.init(.connect, error.message)
        }
    }
}
