// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

internal import HTTPWire
internal import Octets

extension ErrorDocument {
    /// Reads the error document of an answer of US3: `RetCode`, `ErrMsg`, and the id of the session; empty where there
    /// is none. A `RetCode` of 0 is a success (ListParts).
    package init(us3 answer: WireAnswer) {
        var code = ""
        var message = ""
        if let json = try? JSON.parse(answer.body.span), let number = json["RetCode"]?.integerValue, number != 0,
            let text = json["ErrMsg"]?.stringValue
        {
            code = String(number)
            message = text
        }
        self.init(code: code, message: message, requestID: answer.fields.string("X-SessionId"))
    }
}
