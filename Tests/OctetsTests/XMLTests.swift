// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Octets
import Testing

#if canImport(FoundationXML)
    import FoundationXML
#endif

/// The XML writer.
@Suite struct XMLTests {
    @Test func `writes a document as OSS formats its errors`() {
        var writer = XMLWriter(declaration: true, indent: 2)
        writer.open("Error")
        writer.element("Code", "CallbackFailed")
        writer.open("Details")
        writer.element("Message", "a < b & \"c\" > 'd'")
        writer.close()
        writer.element("Empty", "")
        writer.close()
        #expect(
            String(octets: writer.bytes.span) == """
                <?xml version="1.0" encoding="UTF-8"?>
                <Error>
                  <Code>CallbackFailed</Code>
                  <Details>
                    <Message>a &lt; b &amp; &quot;c&quot; &gt; &apos;d&apos;</Message>
                  </Details>
                  <Empty></Empty>
                </Error>

                """)
    }

    @Test func `writes one line without indentation, and attributes`() {
        var writer = XMLWriter(declaration: false, indent: 0)
        writer.open("A", attributes: [("xmlns", "http://example.com/?a&\"b\"")])
        writer.element("B", "1")
        writer.close()
        #expect(
            String(octets: writer.bytes.span)
                == "<A xmlns=\"http://example.com/?a&amp;&quot;b&quot;\"><B>1</B></A>")
    }

    @Test func `replaces what XML cannot hold`() {
        var bytes: [UInt8] = []
        bytes.appendXMLText("\u{0}\u{1}\u{8}\u{B}\u{1F}\u{7F}\t\n\r\u{FFFD}\u{FFFE}\u{FFFF}\u{10FFFF}é".utf8.span)
        #expect(
            Array(String(octets: bytes.span).unicodeScalars)
                == Array(
                    "\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}\u{7F}\t\n&#13;\u{FFFD}\u{FFFD}\u{FFFD}\u{10FFFF}é"
                        .unicodeScalars))
    }

    @Test func `is read back by another parser, whatever the text`() throws {
        var random = SeededGenerator(seed: 7)
        for _ in 0..<300 {
            let bytes = random.bytes(upTo: 40)
            var writer = XMLWriter(declaration: true, indent: 2)
            writer.open("Root")
            writer.element("Text", bytes: bytes.span)
            writer.close()
            let reader = TextReader()
            let parser = XMLParser(data: Data(writer.bytes))
            parser.delegate = reader
            #expect(parser.parse())
            let allowed = String(decoding: bytes, as: UTF8.self).unicodeScalars.map { scalar in
                (scalar.value < 0x20 && ![9, 10, 13].contains(scalar.value)) || [0xFFFE, 0xFFFF].contains(scalar.value)
                    ? "\u{FFFD}" : scalar
            }
            #expect(Array(reader.text.unicodeScalars) == allowed)
        }
    }
}

private final class TextReader: NSObject, XMLParserDelegate {
    var text = ""
    private var isInside = false

    func parser(
        _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
        attributes: [String: String]
    ) { isInside = name == "Text" }

    func parser(_ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?) {
        isInside = false
    }

    func parser(_ parser: XMLParser, foundCharacters string: String) {
        if isInside { text += string }
    }
}
