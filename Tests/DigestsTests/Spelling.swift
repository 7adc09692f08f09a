// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

import Octets

/// Lower-case hex of bytes that are nobody's: a span of a temporary does not outlive the macro `#expect`.
func hex(_ bytes: [UInt8]) -> String { Hex.encode(bytes.span) }

/// Base 64 of bytes that are nobody's.
func base64(_ bytes: [UInt8]) -> String { Base64.encode(bytes.span) }
