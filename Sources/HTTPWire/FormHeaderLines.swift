// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Octets

/// Reads the header of a form's part, by the rules for headers of requests.
struct FormHeaderLines {
    private var lines = FieldLineParser()
    private var position = 0
    private var fields = HeaderFields()

    /// Whether nothing of the header came yet.
    var isEmpty: Bool { fields.bytes.isEmpty }

    /// Reads on, up to the end of one line; moves `start` to the next unread byte.
    ///
    /// - Returns: the fields behind the empty line, nil before it.
    /// - Throws: ``FormError/badPartHeader(_:)``, or ``FormError/partHeaderTooLong(_:)`` above `limit` bytes.
    mutating func read(
        _ bytes: Span<UInt8>, _ start: inout Int, limit: Int
    ) throws(FormError) -> HeaderFields? {
        // One line at a time, so that no content is copied with it.
        let end = min(bytes.firstIndex(of: Byte.lineFeed, from: start) &+ 1, bytes.count)
        guard fields.bytes.count &+ (end &- start) <= limit else { throw .partHeaderTooLong(limit) }
        fields.bytes.append(bytes.extracting(start..<end))
        start = end
        let all = fields.bytes
        do throws(WireError.Code) {
            switch try lines.advance(all.span, position: &position, end: all.count) {
            case .needsMore: return nil
            case .end: return fields
            case .field:
                let value = all.span.trimmed(lines.value)
                fields.enter(HeaderFields.Entry(name: lines.name, value: value), name: all.span.extracting(lines.name))
                return nil
            }
        } catch {
            throw .badPartHeader(error)
        }
    }
}
