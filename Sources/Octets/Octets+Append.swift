// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

extension [UInt8] {
    /// Appends the text as UTF-8.
    package mutating func append(_ text: String) {
        append(text.utf8.span)
    }

    /// Appends borrowed bytes.
    package mutating func append(_ bytes: Span<UInt8>) {
        unsafe bytes.withUnsafeBufferPointer { unsafe append(contentsOf: $0) }
    }

    /// Appends the number in decimal, without leading zeros.
    package mutating func appendDecimal(_ value: UInt64) {
        var digits: [20 of UInt8] = .init(repeating: 0)
        var rest = value
        var first = digits.count
        repeat {
            let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
            first -= 1
            digits[first] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: digit)
            rest = quotient
        } while rest > 0
        append(digits.span.extracting(first...))
    }

    /// Appends the number in decimal, with a minus sign when it is negative.
    package mutating func appendDecimal(_ value: Int) {
        if value < 0 { append(UInt8(ascii: "-")) }
        appendDecimal(UInt64(value.magnitude))
    }

    /// Appends the number in decimal, filled with zeros on the left up to `width` digits.
    mutating func appendDecimal(_ value: Int, width: Int) {
        var digits: [20 of UInt8] = .init(repeating: UInt8(ascii: "0"))
        var rest = value.magnitude
        var first = digits.count
        while rest > 0 {
            let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
            first -= 1
            digits[first] += UInt8(truncatingIfNeeded: digit)
            rest = quotient
        }
        append(digits.span.extracting(Swift.min(first, digits.count - width)...))
    }
}

extension UInt64 {
    /// The number written in decimal digits and nothing else; nil for an empty text, a sign, a space or an overflow.
    package init?(decimal text: Span<UInt8>) {
        guard !text.isEmpty else { return nil }
        var value: UInt64 = 0
        for index in text.indices {
            guard let digit = text[index].decimalDigitValue else { return nil }
            let (product, tooLarge) = value.multipliedReportingOverflow(by: 10)
            let (sum, stillTooLarge) = product.addingReportingOverflow(UInt64(digit))
            guard !tooLarge, !stillTooLarge else { return nil }
            value = sum
        }
        self = value
    }
}
