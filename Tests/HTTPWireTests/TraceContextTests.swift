// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import HTTPWire
import Testing

/// W3C Trace Context, Recommendation of 23 November 2021; the first samples are those of its §3.2 and §3.3.
@Suite struct TraceContextTests {
    private static let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

    private func read(_ fields: (name: String, value: String)...) -> TraceContext? {
        var all = HeaderFields()
        for field in fields { all.append(name: field.name, field.value) }
        return TraceContext(all)
    }

    private func state(_ values: String...) -> String? {
        var all = HeaderFields()
        all.append(name: "traceparent", Self.parent)
        for value in values { all.append(name: "tracestate", value) }
        return TraceContext(all)?.state.map { text($0[...]) }
    }

    @Test(arguments: [
        parent, "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00",
        "cc-12345678901234567890123456789012-1234567890123456-01",
        "cc-12345678901234567890123456789012-1234567890123456-01-what-the-future-will-be-like",
    ])
    func `takes a parent`(value: String) {
        #expect(read(("traceparent", value))?.parent == Array(value.utf8))
        #expect(read(("Traceparent", value))?.state == nil)
    }

    @Test(arguments: [
        "", "00", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1",
        "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e473g-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736.00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
        "cc-12345678901234567890123456789012-1234567890123456-01.what",
        "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    ])
    func `drops a parent that is none`(value: String) {
        #expect(read(("traceparent", value), ("tracestate", "a=1")) == nil)
    }

    @Test func `takes one parent only`() {
        #expect(read(("traceparent", Self.parent), ("traceparent", Self.parent)) == nil)
        #expect(read(("tracestate", "a=1")) == nil)
    }

    @Test func `joins the state of all fields`() {
        #expect(state("rojo=00f067aa0ba902b7,congo=t61rcWkgMzE") == "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE")
        #expect(state("a=1 , b=2\t", ",, ", "1tenant@sys-tem=x y") == "a=1,b=2,1tenant@sys-tem=x y")
        #expect(state("a_*/-9=!~") == "a_*/-9=!~")
    }

    @Test(arguments: [
        "a", "=1", "a=", "A=1", "9a=1", "a=1,a=2", "a b=1", "a=1=2", "a@=1", "@a=1", "a@b@c=1", "a@9b=1",
        "a@bbbbbbbbbbbbbbb=1", String(repeating: "a", count: 257) + "=1", "a=" + String(repeating: "1", count: 257),
    ])
    func `drops a state that is none, and keeps the parent`(value: String) {
        var all = HeaderFields()
        all.append(name: "traceparent", Self.parent)
        all.append(name: "tracestate", value)
        #expect(TraceContext(all)?.state == nil)
        #expect(TraceContext(all)?.parent == Array(Self.parent.utf8))
    }

    @Test func `takes 32 members and no more`() {
        let members = (0..<33).map { "k\($0)=v" }
        #expect(state(members.prefix(32).joined(separator: ",")) == members.prefix(32).joined(separator: ","))
        #expect(state(members.joined(separator: ",")) == nil)
    }

    @Test func `shortens what is longer than 512 bytes, long members first`() {
        let long = "long=" + String(repeating: "x", count: 130)
        let short = (0..<10).map { "k\($0)=" + String(repeating: "y", count: 40) }
        #expect(state(([long] + short).joined(separator: ",")) == short.joined(separator: ","))
        let many = (10..<26).map { "k\($0)=" + String(repeating: "y", count: 40) }
        let kept = many.prefix(11).joined(separator: ",")
        #expect(state(many.joined(separator: ",")) == kept)
        #expect(kept.utf8.count <= 512 && kept.utf8.count + 1 + many[11].utf8.count > 512)
    }
}
