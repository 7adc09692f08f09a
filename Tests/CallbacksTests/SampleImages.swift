// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

/// An image that another program made, and what it says of it.
struct SampleImage: Sendable {
    let name: String
    let format: String
    let width: UInt64
    let height: UInt64
    /// The whole file.
    let base64: String
}

/// Saved by Pillow 13.0.0 (libjpeg-turbo, libwebp), which read the sizes back.
let sampleImages = [
    SampleImage(
        name: "png", format: "png", width: 37, height: 21,
        base64:
            "iVBORw0KGgoAAAANSUhEUgAAACUAAAAVCAIAAABOhrD5AAAAJklEQVR4nGPkqjjBQEfARE/LRu0btW/UvlH7Ru0btW/UvlH7"
            + "qAAAn2IBdCmkmiUAAAAASUVORK5CYII="),
    SampleImage(
        name: "png, grey and tall", format: "png", width: 1, height: 65537,
        base64:
            "iVBORw0KGgoAAAANSUhEUgAAAAEAAQABCAAAAAD21JvLAAAAlUlEQVR4nO3BMQEAAADCoPVP7WULoAAAAAAAAAAAAAAAAAAA"
            + "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
            + "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABuACAAAa6wxdAAAAAASUVORK5CYII="),
    SampleImage(
        name: "gif", format: "gif", width: 37, height: 21,
        base64:
            "R0lGODdhJQAVAIEAAAp4yAAAAAAAAAAAACwAAAAAJQAVAEAILwABCBxIsKDBgwgTKlzIsKHDhxAjSpxIsaLFixgzatzIsaPH"
            + "jyBDihxJsqRJkgEBADs="),
    SampleImage(
        name: "gif, animated", format: "gif", width: 37, height: 21,
        base64:
            "R0lGODdhJQAVAIEAAAp4yAAAAAAAAAAAACwAAAAAJQAVAAAILwABCBxIsKDBgwgTKlzIsKHDhxAjSpxIsaLFixgzatzIsaPH"
            + "jyBDihxJsqRJkgEBACH5BAEAABQALAAAAAAlABUAhMzMzMPDw6qqqpmZmZCQkIiIiH9/f3d3d25ubmZmZl1dXVVVVUxMTERE"
            + "RDs7OzMzMyoqKiIiIhkZGQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAj/ACVEGEiw4EAICBM+eNBA"
            + "gYIJDxJCMEiRokSFDxw4WDCBAAMHCxNWrHgR4UKNDRgYmDBBQAOQERGOLFhyYUYGCxYoWDnhwAIGKR2IHHnRZkYHDXiyXNrR"
            + "QAEFMYliPIoyAQGmWFs2iDmRJkYHBhqkTLmgQNasCkDKJCjxZMMACCY8jXsWKwK1XSNMRcqA7tIBdbECwMv2JNIGCQoACMz4"
            + "Y9SBjCOfVbD1sV7DYhMvlpzV8Vq9Jt32xQpY8mDLoEMjVQBXrgK/jO+iTg3hZNixOM1GTjv74F6NSK0ydslV6tSjSesScAr1"
            + "s/G9OHXy9An049CZtL/y5ekS5nXsvoseEeXo0bvzgQLB12ToEKLEigEBACH5BAEAAAEALAAAAAAlABUAgQp4yAAAAAAAAAAA"
            + "AAgvAAEIHEiwoMGDCBMqXMiwocOHECNKnEixosWLGDNq3Mixo8ePIEOKHEmypEmSAQEAOw=="),
    SampleImage(
        name: "jpeg, baseline", format: "jpg", width: 37, height: 21,
        base64:
            "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDACgcHiMeGSgjISMtKygwPGRBPDc3PHtYXUlkkYCZlo+AjIqgtObDoKrarYqMyP/L"
            + "2u71////m8H////6/+b9//j/2wBDASstLTw1PHZBQXb4pYyl+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4"
            + "+Pj4+Pj4+Pj4+Pj4+Pj/wAARCAAVACUDASIAAhEBAxEB/8QAHwAAAQUBAQEBAQEAAAAAAAAAAAECAwQFBgcICQoL/8QAtRAA"
            + "AgEDAwIEAwUFBAQAAAF9AQIDAAQRBRIhMUEGE1FhByJxFDKBkaEII0KxwRVS0fAkM2JyggkKFhcYGRolJicoKSo0NTY3ODk6"
            + "Q0RFRkdISUpTVFVWV1hZWmNkZWZnaGlqc3R1dnd4eXqDhIWGh4iJipKTlJWWl5iZmqKjpKWmp6ipqrKztLW2t7i5usLDxMXG"
            + "x8jJytLT1NXW19jZ2uHi4+Tl5ufo6erx8vP09fb3+Pn6/8QAHwEAAwEBAQEBAQEBAQAAAAAAAAECAwQFBgcICQoL/8QAtREA"
            + "AgECBAQDBAcFBAQAAQJ3AAECAxEEBSExBhJBUQdhcRMiMoEIFEKRobHBCSMzUvAVYnLRChYkNOEl8RcYGRomJygpKjU2Nzg5"
            + "OkNERUZHSElKU1RVVldYWVpjZGVmZ2hpanN0dXZ3eHl6goOEhYaHiImKkpOUlZaXmJmaoqOkpaanqKmqsrO0tba3uLm6wsPE"
            + "xcbHyMnK0tPU1dbX2Nna4uPk5ebn6Onq8vP09fb3+Pn6/9oADAMBAAIRAxEAPwCGiiius4wooooAKKKKACiiigAooooAKKKK"
            + "AP/Z"),
    SampleImage(
        name: "jpeg, progressive", format: "jpg", width: 37, height: 21,
        base64:
            "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDACgcHiMeGSgjISMtKygwPGRBPDc3PHtYXUlkkYCZlo+AjIqgtObDoKrarYqMyP/L"
            + "2u71////m8H////6/+b9//j/2wBDASstLTw1PHZBQXb4pYyl+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4"
            + "+Pj4+Pj4+Pj4+Pj4+Pj/wgARCAAVACUDASIAAhEBAxEB/8QAFQABAQAAAAAAAAAAAAAAAAAAAAL/xAAVAQEBAAAAAAAAAAAA"
            + "AAAAAAAAA//aAAwDAQACEAMQAAABgViAAAAB/8QAFBABAAAAAAAAAAAAAAAAAAAAMP/aAAgBAQABBQJ//8QAFBEBAAAAAAAA"
            + "AAAAAAAAAAAAIP/aAAgBAwEBPwFf/8QAFBEBAAAAAAAAAAAAAAAAAAAAIP/aAAgBAgEBPwFf/8QAFBABAAAAAAAAAAAAAAAA"
            + "AAAAMP/aAAgBAQAGPwJ//8QAFBABAAAAAAAAAAAAAAAAAAAAMP/aAAgBAQABPyF//9oADAMBAAIAAwAAABAIIIIIL//EABQR"
            + "AQAAAAAAAAAAAAAAAAAAACD/2gAIAQMBAT8QX//EABQRAQAAAAAAAAAAAAAAAAAAACD/2gAIAQIBAT8QX//EABQQAQAAAAAA"
            + "AAAAAAAAAAAAADD/2gAIAQEAAT8Qf//Z"),
    SampleImage(
        name: "jpeg, grey", format: "jpg", width: 37, height: 21,
        base64:
            "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDACgcHiMeGSgjISMtKygwPGRBPDc3PHtYXUlkkYCZlo+AjIqgtObDoKrarYqMyP/L"
            + "2u71////m8H////6/+b9//j/wAALCAAVACUBAREA/8QAHwAAAQUBAQEBAQEAAAAAAAAAAAECAwQFBgcICQoL/8QAtRAAAgED"
            + "AwIEAwUFBAQAAAF9AQIDAAQRBRIhMUEGE1FhByJxFDKBkaEII0KxwRVS0fAkM2JyggkKFhcYGRolJicoKSo0NTY3ODk6Q0RF"
            + "RkdISUpTVFVWV1hZWmNkZWZnaGlqc3R1dnd4eXqDhIWGh4iJipKTlJWWl5iZmqKjpKWmp6ipqrKztLW2t7i5usLDxMXGx8jJ"
            + "ytLT1NXW19jZ2uHi4+Tl5ufo6erx8vP09fb3+Pn6/9oACAEBAAA/AIaKKKKKKKKKKKKKK//Z"),
    SampleImage(
        name: "jpeg, cmyk", format: "jpg", width: 37, height: 21,
        base64:
            "/9j/7gAOQWRvYmUAZAAAAAAA/9sAQwAoHB4jHhkoIyEjLSsoMDxkQTw3Nzx7WF1JZJGAmZaPgIyKoLTmw6Cq2q2KjMj/y9ru"
            + "9f///5vB////+v/m/f/4/8AAFAgAFQAlBEMRAE0RAFkRAEsRAP/EAB8AAAEFAQEBAQEBAAAAAAAAAAABAgMEBQYHCAkKC//E"
            + "ALUQAAIBAwMCBAMFBQQEAAABfQECAwAEEQUSITFBBhNRYQcicRQygZGhCCNCscEVUtHwJDNicoIJChYXGBkaJSYnKCkqNDU2"
            + "Nzg5OkNERUZHSElKU1RVVldYWVpjZGVmZ2hpanN0dXZ3eHl6g4SFhoeIiYqSk5SVlpeYmZqio6Slpqeoqaqys7S1tre4ubrC"
            + "w8TFxsfIycrS09TV1tfY2drh4uPk5ebn6Onq8fLz9PX29/j5+v/aAA4EQwBNAFkASwAAPwDHptXq2aKKKKKKKKKKKKKKKKKK"
            + "KKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKK//2Q=="),
    SampleImage(
        name: "jpeg, exif and comment", format: "jpg", width: 37, height: 21,
        base64:
            "/9j/4AAQSkZJRgABAQAAAQABAAD/4QFcRXhpZgAATU0AKgAAAAgAAgEOAAIAAAEtAAAAJgESAAMAAAABAAYAAAAAAABhYWFh"
            + "YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFh"
            + "YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFh"
            + "YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFh"
            + "YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFh"
            + "YWFhYWFhYWEAAP/iANhJQ0NfUFJPRklMRQABAWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlp"
            + "aWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlp"
            + "aWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlp"
            + "aWlpaWlpaWlpaWlp//4AKmNjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2P/2wBDACgcHiMeGSgjISMt"
            + "KygwPGRBPDc3PHtYXUlkkYCZlo+AjIqgtObDoKrarYqMyP/L2u71////m8H////6/+b9//j/2wBDASstLTw1PHZBQXb4pYyl"
            + "+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj/wAARCAAVACUDASIAAhEBAxEB/8QA"
            + "HwAAAQUBAQEBAQEAAAAAAAAAAAECAwQFBgcICQoL/8QAtRAAAgEDAwIEAwUFBAQAAAF9AQIDAAQRBRIhMUEGE1FhByJxFDKB"
            + "kaEII0KxwRVS0fAkM2JyggkKFhcYGRolJicoKSo0NTY3ODk6Q0RFRkdISUpTVFVWV1hZWmNkZWZnaGlqc3R1dnd4eXqDhIWG"
            + "h4iJipKTlJWWl5iZmqKjpKWmp6ipqrKztLW2t7i5usLDxMXGx8jJytLT1NXW19jZ2uHi4+Tl5ufo6erx8vP09fb3+Pn6/8QA"
            + "HwEAAwEBAQEBAQEBAQAAAAAAAAECAwQFBgcICQoL/8QAtREAAgECBAQDBAcFBAQAAQJ3AAECAxEEBSExBhJBUQdhcRMiMoEI"
            + "FEKRobHBCSMzUvAVYnLRChYkNOEl8RcYGRomJygpKjU2Nzg5OkNERUZHSElKU1RVVldYWVpjZGVmZ2hpanN0dXZ3eHl6goOE"
            + "hYaHiImKkpOUlZaXmJmaoqOkpaanqKmqsrO0tba3uLm6wsPExcbHyMnK0tPU1dbX2Nna4uPk5ebn6Onq8vP09fb3+Pn6/9oA"
            + "DAMBAAIRAxEAPwCGiiius4wooooAKKKKACiiigAooooAKKKKAP/Z"),
    SampleImage(
        name: "webp, lossy", format: "webp", width: 37, height: 21,
        base64:
            "UklGRkYAAABXRUJQVlA4IDoAAABQAwCdASolABUAPzmaxVuvKyekJWgB4CcJZwDKpoAAK/dm8AD+2ib+LYpC1f832PZwdCc4"
            + "LEGO4AAA"),
    SampleImage(
        name: "webp, lossless", format: "webp", width: 37, height: 21,
        base64:
            "UklGRh4AAABXRUJQVlA4TBEAAAAvJAAFAAdQvCoUuf+BiOh/AAA="),
    SampleImage(
        name: "webp, with alpha", format: "webp", width: 300, height: 40,
        base64:
            "UklGRn4AAABXRUJQVlA4WAoAAAAQAAAAKwEAJwAAQUxQSBEAAAABB1DAiAgDkBD+75ci+p+6BwBWUDggRgAAAFAGAJ0BKiwB"
            + "KAA/OZzKXq8rKKUgiAHgJwlpABbfQCe2xF4gqOe2IeqoiFVUREKqokTiIhVVERCqqIhQAP7vTEAAAAAAAAA="),
    SampleImage(
        name: "webp, with exif", format: "webp", width: 37, height: 21,
        base64:
            "UklGRrwBAABXRUJQVlA4WAoAAAAIAAAAJAAAFAAAVlA4IEIAAACQAwCdASolABUAPm02l0ikIqIhJWgAgA2JZwDQ+oB+AAAr"
            + "98NwAP7tBy//npmvMH9eH/9GH8MP4Yf0bn5H0gAAAABFWElGVAEAAE1NACoAAAAIAAIBDgACAAABLQAAACYBEgADAAAAAQAG"
            + "AAAAAAAAYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFh"
            + "YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFh"
            + "YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFh"
            + "YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFh"
            + "YWFhYWFhYWFhYWFhYWFhYWFhAAA="),
    SampleImage(
        name: "webp, animated", format: "webp", width: 37, height: 21,
        base64:
            "UklGRtgAAABXRUJQVlA4WAoAAAACAAAAJAAAFAAAQU5JTQYAAAAAAAAAAABBTk1GYgAAAAAAAAAAACQAABQAAAAAAAJWUDgg"
            + "SgAAANADAJ0BKiUAFQA+bTaXSKQjIiElaACADYlnAND6gH4AArRcgxcMAAD+7Qcv/56ZrzB/Xh//Rh/DD+GH9ev8BMeHH/4C"
            + "YtiMgAAAQU5NRkIAAAAAAAAAAAAkAAAUAAAAAAAAVlA4ICoAAAB0AgCdASolABUALk02m02AAATEtIABIXlNIoOAAP79Ny3/"
            + "tXb/9qwgAAA="),
    SampleImage(
        name: "webp, largest", format: "webp", width: 16383, height: 1,
        base64:
            "UklGRiIAAABXRUJQVlA4TBUAAAAv/j8AAAcQEf0PA5AQ/v9XIvqf+gcA"),
]
