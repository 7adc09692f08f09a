// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Settings
import Testing

@Suite struct SecretTests {
    private struct Holder {
        let name = "holder"
        let secret = Secret("hunter2")
        let optional: Secret? = Secret("hunter2")
        let list = [Secret("hunter2")]
    }

    @Test func `a secret is never printed`() {
        let holder = Holder()
        var dumped = ""
        dump(holder, to: &dumped)
        let texts = [
            "\(holder.secret)", String(describing: holder.secret), String(reflecting: holder.secret),
            "\(holder)", String(reflecting: holder), "\(holder.list)", "\(String(describing: holder.optional))",
            dumped, "\(Mirror(reflecting: holder.secret).children.map { "\($0)" })",
        ]
        for text in texts {
            #expect(!text.contains("hunter2"))
            #expect(!text.contains("104, 117"), "the bytes of the secret are shown")
        }
        #expect("\(holder.secret)" == "***")
        #expect(dumped.contains("***"))
    }

    @Test func `a secret gives its value to who asks for it`() {
        #expect(Secret("hunter2").revealText() == "hunter2")
        #expect(Secret([0, 255]).reveal() == [0, 255])
    }
}
