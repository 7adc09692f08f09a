// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import HTTPWire
import Testing

@testable import Upstream

@Suite struct StoreMeterTests {
    /// What was counted, as `put 2xx`.
    private func counted(_ meter: StoreMeter) -> [String: Int] {
        var found: [String: Int] = [:]
        for operation in StoreMeter.Operation.allCases {
            for (place, status) in StoreMeter.statuses.enumerated() where meter.requests(operation, status: place) != 0
            {
                found["\(operation.label) \(status)"] = meter.requests(operation, status: place)
            }
        }
        return found
    }

    @Test(
        arguments: [
            (200, "2xx"), (203, "2xx"), (299, "2xx"), (304, "3xx"), (404, "4xx"), (499, "4xx"), (500, "5xx"),
            (599, "5xx"), (999, "5xx"),
        ])
    func `counts answers by the class of their status`(status: Int, label: String) {
        let meter = StoreMeter()
        meter.answered(.put, status: status)
        #expect(counted(meter) == ["put \(label)": 1])
    }

    @Test(
        arguments: [
            StoreFailure.Kind.resolve, .connect, .connectTimeout, .tls, .closed, .badAnswer, .answerTimeout,
        ])
    func `counts requests without an answer by the reason`(kind: StoreFailure.Kind) {
        let meter = StoreMeter()
        meter.failed(.put, kind)
        #expect(counted(meter) == ["put \(kind.rawValue)": 1])
    }

    @Test(
        arguments: [
            (HTTPMethod.put, "put"), (.get, "get"), (.head, "head"), (.delete, "delete"), (.post, "other"),
            (.other("MOVE"), "other"),
        ])
    func `counts each operation for itself`(method: HTTPMethod, label: String) {
        let meter = StoreMeter()
        meter.answered(method, status: 200)
        meter.failed(method, .closed)
        #expect(counted(meter) == ["\(label) 2xx": 1, "\(label) closed": 1])
        #expect((meter.connections, meter.idleConnections) == (0, 0))
    }
}
