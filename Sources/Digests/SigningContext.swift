// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

private import COpenSSL

/// An EVP_MD_CTX for one signature with MD5; PKCS#1 v1.5 is what RSA keys do unless told otherwise
/// (EVP_PKEY_CTX_set_rsa_padding(3)).
@safe struct SigningContext: ~Copyable {
    private let context: OpaquePointer

    init() throws(OpenSSLError) {
        ERR_clear_error()
        guard let context = unsafe EVP_MD_CTX_new() else { throw OpenSSLError("preparing a signature") }
        unsafe self.context = unsafe context
    }

    deinit { unsafe EVP_MD_CTX_free(context) }

    consuming func sign(_ message: Span<UInt8>, with key: KeyHandle) throws(OpenSSLError) -> [UInt8] {
        let begun = unsafe key.withPointer { unsafe EVP_DigestSignInit(context, nil, EVP_md5(), nil, $0) }
        guard begun == 1 else { throw OpenSSLError("beginning a signature") }
        var signature = [UInt8](repeating: 0, count: unsafe key.withPointer { Int(unsafe EVP_PKEY_get_size($0)) })
        var length = signature.count
        let signed = unsafe message.withUnsafeBufferPointer { message in
            unsafe signature.withUnsafeMutableBufferPointer { signature in
                unsafe EVP_DigestSign(context, signature.baseAddress, &length, message.baseAddress, message.count)
            }
        }
        guard signed == 1 else { throw OpenSSLError("signing") }
        signature.removeSubrange(length...)
        return signature
    }

    consuming func verify(_ message: Span<UInt8>, signature: Span<UInt8>, with key: KeyHandle) -> Bool {
        let begun = unsafe key.withPointer { unsafe EVP_DigestVerifyInit(context, nil, EVP_md5(), nil, $0) }
        guard begun == 1 else { return false }
        let verdict = unsafe message.withUnsafeBufferPointer { message in
            unsafe signature.withUnsafeBufferPointer { signature in
                unsafe EVP_DigestVerify(
                    context, signature.baseAddress, signature.count, message.baseAddress, message.count)
            }
        }
        // 0 and below: another signature, or no signature at all; the reasons are of no use to anyone.
        ERR_clear_error()
        return verdict == 1
    }
}
