// SPDX-License-Identifier: Apache-2.0
#include "disco/base/text.h"

#include <cstdint>

namespace disco {
namespace {

// How many bytes a character takes that begins with `lead`; 0: none begins so.
size_t LengthOf(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead < 0xc2) return 0;  // a continuation, or an overlong form of two bytes
  if (lead < 0xe0) return 2;
  if (lead < 0xf0) return 3;
  return lead < 0xf5 ? 4 : 0;
}

bool IsCharacter(std::string_view bytes) {
  uint32_t code = static_cast<unsigned char>(bytes[0]) & (0xffu >> (bytes.size() + 1));
  for (const char byte : bytes.substr(1)) {
    if ((static_cast<unsigned char>(byte) & 0xc0) != 0x80) return false;
    code = code << 6 | (static_cast<unsigned char>(byte) & 0x3fu);
  }
  const bool surrogate = code >= 0xd800 && code < 0xe000;
  const bool overlong =
      (bytes.size() == 3 && code < 0x800) || (bytes.size() == 4 && code < 0x10000);
  return !surrogate && !overlong && code <= 0x10ffff;
}

}  // namespace

std::string Printable(std::string text) {
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < ' ' || byte == 0x7f) text[i] = ' ';
    // U+0080 to U+009F are control characters, too; U+009B begins what ESC [ begins.
    const bool second_set = byte == 0xc2 && i + 1 < text.size() &&
                            (static_cast<unsigned char>(text[i + 1]) & 0xe0) == 0x80;
    if (second_set) text[i] = text[i + 1] = ' ';
  }
  return text;
}

bool IsUtf8(std::string_view text) {
  while (!text.empty()) {
    const size_t length = LengthOf(static_cast<unsigned char>(text[0]));
    if (length == 0 || length > text.size()) return false;
    if (length > 1 && !IsCharacter(text.substr(0, length))) return false;
    text.remove_prefix(length);
  }
  return true;
}

}  // namespace disco
