// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import HTTPWire

/// What became of feeding bytes to a request parser, comparable between ways of feeding.
enum RequestOutcome: Equatable {
    case head(RequestHead, consumed: Int)
    case needsMore
    case refused(WireError)
}

/// Feeds `bytes` in growing prefixes that end at `cuts` and finally whole.
func parseRequest(_ bytes: [UInt8], cuts: [Int] = [], limits: WireLimits = .client) -> RequestOutcome {
    var parser = RequestParser(limits: limits)
    var head = RequestHead()
    for end in cuts + [bytes.count] {
        do throws(WireError) {
            if let consumed = try parser.parse(bytes.span.extracting(0..<end), into: &head) {
                return .head(head, consumed: consumed)
            }
        } catch {
            return .refused(error)
        }
    }
    return .needsMore
}

func parseRequest(_ text: String, limits: WireLimits = .client) -> RequestOutcome {
    parseRequest(Array(text.utf8), limits: limits)
}

enum ResponseOutcome: Equatable {
    case head(ResponseHead, consumed: Int)
    case needsMore
    case refused(WireError)
}

/// Feeds `bytes` in growing prefixes that end at `cuts` and finally whole.
func parseResponse(
    _ bytes: [UInt8], cuts: [Int] = [], to method: HTTPMethod = .get, limits: WireLimits = .store
) -> ResponseOutcome {
    var parser = ResponseParser(limits: limits, requestMethod: method)
    var head = ResponseHead()
    for end in cuts + [bytes.count] {
        do throws(WireError) {
            if let consumed = try parser.parse(bytes.span.extracting(0..<end), into: &head) {
                return .head(head, consumed: consumed)
            }
        } catch {
            return .refused(error)
        }
    }
    return .needsMore
}

enum BodyOutcome: Equatable {
    case complete(body: [UInt8], consumed: Int)
    case needsMore(body: [UInt8])
    case refused(WireError)
}

/// Feeds `bytes` to a chunk decoder in pieces that end at `cuts` and at the end.
func decodeChunks(_ bytes: [UInt8], cuts: [Int] = [], limits: WireLimits = .client) -> BodyOutcome {
    var decoder = ChunkedDecoder(limits: limits)
    var body: [UInt8] = []
    var start = 0
    for end in cuts + [bytes.count] {
        let piece = Array(bytes[start..<end])
        var offset = 0
        while offset < piece.count {
            do throws(WireError) {
                let step = try decoder.decode(piece.span, from: offset)
                body += piece[step.data]
                offset += step.consumed
                if step.isComplete { return .complete(body: body, consumed: start + offset) }
                guard step.consumed > 0 else { fatalError("no progress at \(start + offset)") }
            } catch {
                return .refused(error)
            }
        }
        start = end
    }
    return .needsMore(body: body)
}

func text(_ bytes: some Collection<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }

/// A PUT with `fields` (lines without line ends) behind Host.
func put(_ fields: String..., target: String = "/a", version: String = "HTTP/1.1") -> String {
    (["PUT \(target) \(version)", "Host: h"] + fields).joined(separator: "\r\n") + "\r\n\r\n"
}
