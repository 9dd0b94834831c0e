// SPDX-License-Identifier: Apache-2.0
// Text from elsewhere. Thread rule: pure functions.
#pragma once

#include <string>
#include <string_view>

namespace disco {

// For a terminal or log: one line, no control characters, so that nobody else's text can move the
// cursor or forge a line.
std::string Printable(std::string text);

// Whether `text` is well-formed UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing beyond
// U+10FFFF.
bool IsUtf8(std::string_view text);

}  // namespace disco
