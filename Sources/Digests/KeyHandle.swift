// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

private import COpenSSL
private import Octets

/// An EVP_PKEY that holds an RSA key.
///
/// `@unchecked Sendable`: the pointer is set once and the key never changes; OpenSSL lets threads use one EVP_PKEY at
/// the same time as long as none modifies it (openssl-threads(7)).
@safe final class KeyHandle: @unchecked Sendable {
    private let pointer: OpaquePointer

    private init(adopting pointer: OpaquePointer) {
        unsafe self.pointer = unsafe pointer
    }

    deinit { unsafe EVP_PKEY_free(pointer) }

    convenience init(pem: String, isPrivate: Bool) throws(OpenSSLError) {
        ERR_clear_error()
        guard let found = unsafe Self.read(pem, isPrivate: isPrivate) else {
            throw OpenSSLError(isPrivate ? "reading a private key" : "reading a public key")
        }
        unsafe self.init(adopting: found)
        guard unsafe EVP_PKEY_is_a(pointer, "RSA") == 1 else { throw OpenSSLError("using a key that is not RSA") }
    }

    /// The first key of a PEM text, owned by the caller.
    @unsafe private static func read(_ pem: String, isPrivate: Bool) -> OpaquePointer? {
        unsafe Array(pem.utf8).withUnsafeBytes { text in
            guard let size = Int32(exactly: text.count), let input = unsafe BIO_new_mem_buf(text.baseAddress, size)
            else { return nil }
            defer { unsafe BIO_free(input) }
            // The callback gives no password: without one OpenSSL would ask on the terminal.
            return isPrivate
                ? unsafe PEM_read_bio_PrivateKey(input, nil, { _, _, _, _ in -1 }, nil)
                : unsafe PEM_read_bio_PUBKEY(input, nil, { _, _, _, _ in -1 }, nil)
        }
    }

    static func generate(bits: Int) throws(OpenSSLError) -> KeyHandle {
        ERR_clear_error()
        let operation = "generating an RSA key of \(bits) bits"
        guard let bits = Int32(exactly: bits), let context = unsafe EVP_PKEY_CTX_new_id(EVP_PKEY_RSA, nil) else {
            throw OpenSSLError(operation)
        }
        defer { unsafe EVP_PKEY_CTX_free(context) }
        var key: OpaquePointer?
        guard unsafe EVP_PKEY_keygen_init(context) == 1,
            unsafe EVP_PKEY_CTX_set_rsa_keygen_bits(context, bits) == 1,
            unsafe EVP_PKEY_generate(context, &key) == 1, let key = unsafe key
        else { throw OpenSSLError(operation) }
        return unsafe KeyHandle(adopting: key)
    }

    func pem(isPrivate: Bool) -> String {
        guard let output = unsafe BIO_new(BIO_s_mem()) else { preconditionFailure("OpenSSL is out of memory") }
        defer { unsafe BIO_free(output) }
        let status =
            isPrivate
            ? unsafe PEM_write_bio_PrivateKey(output, pointer, nil, nil, 0, nil, nil)
            : unsafe PEM_write_bio_PUBKEY(output, pointer)
        precondition(status == 1, "a key in memory can be written into memory")
        var text = [UInt8](repeating: 0, count: Int(unsafe BIO_ctrl_pending(output)))
        let count = unsafe text.withUnsafeMutableBytes { unsafe BIO_read(output, $0.baseAddress, Int32($0.count)) }
        precondition(count == Int32(text.count), "memory gives back what was written into it")
        return String(octets: text.span)
    }

    /// Lends the EVP_PKEY for one call.
    @unsafe func withPointer<Result>(_ body: (OpaquePointer) -> Result) -> Result {
        unsafe body(pointer)
    }
}
