// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Dialects
internal import Eventing
internal import HTTPWire
internal import Octets

/// A store's answer that is kept whole, as it comes. Loop thread only.
struct GatheredAnswer {
    /// The most that is kept: an app's answer that the store passes on, or an error document.
    private static let limit = 4 * 1024 * 1024

    private var answer: WireAnswer?
    private var room: MemoryRoom

    init(_ budget: MemoryBudget) { room = MemoryRoom(budget) }

    /// nil before its head came.
    var status: Int? { answer?.status }

    mutating func begin(_ head: ResponseHead) {
        answer = WireAnswer(status: head.status, fields: head.fields, body: [])
    }

    /// Keeps more of the body; false where it is longer than an answer may be, or than there is room for.
    mutating func append(_ bytes: Span<UInt8>) -> Bool {
        guard let count = answer?.body.count, count + bytes.count <= Self.limit, room.mayHold(count + bytes.count)
        else {
            return false
        }
        answer?.body.append(bytes)
        return true
    }

    /// Hands on what came; its room stays taken until ``clear()``.
    mutating func take() -> WireAnswer? { answer.take() }

    mutating func clear() {
        answer = nil
        room.clear()
    }
}
