// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import Digests
internal import Octets

extension StatusReport {
    /// What `/status.json` serves.
    ///
    /// - Parameter withFragments: also the parts of the page, as HTML.
    func json(withFragments: Bool) -> JSON {
        var members: [(key: String, value: JSON)] = [
            (key: "time", value: .string(ISO8601.extendedMilliseconds(time))),
            (key: "version", value: .string(Versions.putback)),
            (key: "state", value: .string("\(readiness)")),
            (key: "started", value: started.map { .string(ISO8601.extendedMilliseconds($0)) } ?? .null),
            (key: "config", value: config),
            (key: "clientConnections", value: .integer(clientConnections)),
            (key: "bufferedBytes", value: .integer(bufferedBytes)),
            (key: "loops", value: .integer(loops)), (key: "silentLoops", value: .integer(silentLoops)),
            (key: "uploadsInFlight", value: .integer(uploadsInFlight)),
            (key: "uploads", value: .array(rows.map(\.json))), (key: "history", value: history.json),
            (key: "routes", value: .array(routes.map(\.json))), (key: "stores", value: .array(stores.map(\.json))),
            (key: "failures", value: .array(failures.map(\.json))),
        ]
        if withFragments {
            members.append(
                (key: "fragments", value: .object(fragments.map { (key: $0.id, value: .string($0.html)) })))
        }
        return .object(members)
    }

    private var config: JSON {
        .object([
            (key: "version", value: .string(reload.version)),
            (key: "inUseSince", value: .string(ISO8601.extendedMilliseconds(reload.milliseconds))),
            (key: "lastReloadSuccessful", value: .bool(reload.isSuccessful)),
            (key: "lastReloadError", value: reload.error.map { .string($0) } ?? .null),
            (key: "reloads", value: .integer(reload.successes)),
            (key: "failedReloads", value: .integer(reload.failures)),
        ])
    }
}

extension StatusReport.Row {
    fileprivate var json: JSON {
        .object([
            (key: "request", value: .string(upload.publicID)), (key: "ownRequest", value: .string(upload.id.text)),
            (key: "route", value: .string(upload.route)), (key: "store", value: .string(upload.store)),
            (key: "listener", value: .string(upload.listener)), (key: "client", value: .string(upload.client)),
            (key: "address", value: .string(upload.address)), (key: "object", value: .string(upload.object)),
            (key: "received", value: .integer(upload.received)),
            (key: "length", value: upload.length.map { .integer($0) } ?? .null),
            (key: "bytesPerSecond", value: .integer(Int(rate))),
            (key: "phase", value: .string(upload.phase.rawValue)), (key: "milliseconds", value: .integer(milliseconds)),
        ])
    }
}

extension StatusReport.History {
    /// Lists of one number for each period, the oldest first; the last period is not over.
    fileprivate var json: JSON {
        func list(_ values: [Double?]) -> JSON {
            .array(values.map { value in value.map { .number("\(($0 * 1000).rounded() / 1000)") } ?? .null })
        }
        return .object([
            (key: "periodSeconds", value: .integer(LoopHistory.nanoseconds / 1_000_000_000)),
            (key: "bytes", value: .array(bytes.map { .integer($0) })),
            (key: "stored", value: .array(stored.map { .integer($0) })),
            (key: "failed", value: .array(failed.map { .integer($0) })),
            (key: "medianMilliseconds", value: list(median)), (key: "p95Milliseconds", value: list(slow)),
        ])
    }
}

extension StatusReport.RouteOutcomes {
    fileprivate var json: JSON {
        .object([
            (key: "route", value: .string(route)), (key: "store", value: .string(store)),
            (
                key: "outcomes",
                value: .object(Outcome.Kind.allCases.map { (key: $0.label, value: .integer(counts[$0.rawValue])) })
            ),
        ])
    }
}

extension StatusReport.StoreState {
    fileprivate var json: JSON {
        let down = JSON.array(addressesDown.map { .string($0) })
        let states = connections.map { state in
            JSON.object([(key: "active", value: .integer(state.active)), (key: "idle", value: .integer(state.idle))])
        }
        return .object([
            (key: "store", value: .string(name)), (key: "health", value: .string(health.word)),
            (key: "connections", value: states ?? .null),
            (key: "lastFiveMinutes", value: connections == nil ? .null : recent.json),
            (key: "addressesDown", value: down), (key: "lastFailure", value: lastFailure?.json ?? .null),
        ])
    }
}

extension StoreCounts {
    fileprivate var json: JSON {
        .object([
            (key: "good", value: .integer(good)), (key: "refused", value: .integer(refused)),
            (key: "failed", value: .integer(failed)),
        ])
    }
}

extension RecentFailure {
    fileprivate var json: JSON {
        .object([
            (key: "time", value: .string(ISO8601.extendedMilliseconds(time))),
            (key: "request", value: .string(publicID)), (key: "route", value: .string(route)),
            (key: "store", value: .string(store)), (key: "listener", value: .string(listener)),
            (key: "client", value: .string(client)), (key: "address", value: .string(address)),
            (key: "object", value: .string(object)), (key: "status", value: .integer(status)),
            (key: "outcome", value: .string(outcome)), (key: "code", value: .string(code)),
            (key: "party", value: .string(party)), (key: "phase", value: .string(phase)),
            (key: "error", value: .string(message)),
        ])
    }
}
