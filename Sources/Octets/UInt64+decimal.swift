// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

extension UInt64 {
    /// The number written in decimal digits and nothing else; nil for an empty text, a sign, a space or an overflow.
    package init?(decimal text: Span<UInt8>) {
        guard !text.isEmpty else { return nil }
        var value: UInt64 = 0
        // 19 digits always fit.
        let safe = Swift.min(text.count, 19)
        for index in 0..<safe {
            guard let digit = text[index].decimalDigitValue else { return nil }
            value = value &* 10 &+ UInt64(digit)
        }
        for index in safe..<text.count {
            guard let digit = text[index].decimalDigitValue else { return nil }
            let (product, tooLarge) = value.multipliedReportingOverflow(by: 10)
            let (sum, stillTooLarge) = product.addingReportingOverflow(UInt64(digit))
            guard !tooLarge, !stillTooLarge else { return nil }
            value = sum
        }
        self = value
    }
}
