// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Callbacks
import Testing

@Suite struct TemplateTests {
    @Test(arguments: [
        ("path", TemplateVariable.path), ("path.1", .pathMatch(1)), ("path.12", .pathMatch(12)),
        ("path.name", .pathName), ("path.extension", .pathExtension), ("header.X-Device-Id", .header("X-Device-Id")),
        ("query.batch", .query("batch")), ("query.a.b[]", .query("a.b[]")), ("form.NAME", .form("NAME")),
        ("host", .host), ("client.ip", .clientIP), ("client.id", .clientID), ("uuid", .uuid),
        ("request.id", .requestID), ("x:device", .custom("device")), ("imageInfo.height", .system(.imageHeight)),
        ("object", .system(.object)), ("reqId", .system(.requestID)), ("clientIp", .system(.clientIP)),
        ("path.0", .unknown("path.0")), ("path.01", .unknown("path.01")), ("query.", .unknown("query.")),
        ("Object", .unknown("Object")), ("x:", .unknown("x:")), ("no.such", .unknown("no.such")),
    ])
    func `reads each name`(name: String, variable: TemplateVariable) throws {
        let template = try Template(parsing: "a${\(name)}b")
        #expect(template.references == [variable])
        #expect(template.variables == [name])
        #expect(template.render(.none) { $0 == variable ? "-".bytes : nil }.text == "a-b")
    }

    @Test(arguments: ["", "$", "a$b", "$$", "$ {x}", "100$", "$(object)", "}", "{path}", "€$"])
    func `keeps a dollar that begins no variable`(source: String) throws {
        let template = try Template(parsing: source)
        #expect(template.isConstant)
        #expect(template.render(.none) { _ in nil }.text == source)
    }

    @Test(arguments: [
        ("${", 0), ("abc${path", 3), ("${}", 2), ("${path}${", 7), ("é${", 2), ("${a b}", 3), ("${a${path}}", 3),
        ("${a$}", 3), ("${a\u{7F}}", 3), ("${'a'}", 2), ("${header.}", 9), ("${header.X Y}", 10), ("${header.X:Y}", 9),
        ("${date:}", 7), ("${date:yy}", 7), ("${date:yyyy-mm-DD}", 15), ("x${date:HH'h}", 10), ("${date:S}", 7),
    ])
    func `says where a malformed variable is`(source: String, offset: Int) {
        let error = #expect(throws: TemplateError.self) { try Template(parsing: source) }
        #expect(error?.offset == offset, "\(error?.description ?? "no error")")
    }

    @Test func `refuses the other form of variables where a client of OSS wrote it`() throws {
        let error = #expect(throws: TemplateError.self) {
            try Template(parsing: "object=$(object)", syntax: .client(.oss))
        }
        #expect(error == TemplateError(offset: 7, message: "a variable must be of the form ${name}"))
        #expect(try Template(parsing: "cost=5$", syntax: .client(.oss)).isConstant)
    }

    @Test func `knows only the store's variables where a client of OSS wrote it`() throws {
        let template = try Template(parsing: "${object}${x:变量}${path}${date:yyyy}", syntax: .client(.oss))
        #expect(
            template.references == [.system(.object), .custom("变量"), .unknown("path"), .unknown("date:yyyy")])
    }

    @Test func `renders literals and variables in order`() throws {
        let template = try Template(parsing: "photos/${date:yyyy/MM/dd}/${uuid}${path.extension}")
        let text = template.render(.key) { variable in
            switch variable {
            case .date(let pattern): pattern.text(unixMilliseconds: 1_700_000_000_000)
            case .uuid: "0b9f".bytes
            case .pathExtension: ".jpg".bytes
            default: nil
            }
        }
        #expect(text.text == "photos/2023/11/14/0b9f.jpg")
    }

    @Test(arguments: [
        ("yyyy/MM/dd", "2023/11/14"), ("HH:mm:ss.SSS", "22:13:20.007"), ("yyyyMMdd'T'HHmmss'Z'", "20231114T221320Z"),
        ("'o''clock' HH", "o'clock 22"), ("yyyy''MM", "2023'11"), ("'{}'", "{"), ("yyyy年", "2023年"),
    ])
    func `formats a date`(format: String, expected: String) throws {
        // A brace ends the variable, wherever it stands.
        if format.contains("}") {
            #expect(throws: TemplateError.self) { try Template(parsing: "${date:\(format)}") }
        } else {
            #expect(try DatePattern(parsing: format).text(unixMilliseconds: 1_700_000_000_007).text == expected)
        }
    }

    @Test func `formats times before 1970 and pads years`() throws {
        let pattern = try DatePattern(parsing: "yyyy-MM-dd HH:mm:ss.SSS")
        #expect(pattern.text(unixMilliseconds: -1).text == "1969-12-31 23:59:59.999")
        #expect(pattern.text(unixMilliseconds: -62_135_596_800_000).text == "0001-01-01 00:00:00.000")
    }
}
