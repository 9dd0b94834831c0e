// SPDX-License-Identifier: Apache-2.0
// Protobuf's bytes, written by hand: what no writer of messages would make.
#pragma once

#include <string>

namespace disco {

inline std::string Varint(size_t number) {
  std::string text;
  for (; number > 127; number >>= 7) text += static_cast<char>(number | 128);
  return text + static_cast<char>(number);
}

// A length-delimited field of a message.
inline std::string Field(int number, const std::string& inside) {
  return Varint(static_cast<size_t>(number << 3 | 2)) + Varint(inside.size()) + inside;
}

inline std::string Repeated(const std::string& part, size_t count) {
  std::string text;
  for (size_t i = 0; i < count; ++i) text += part;
  return text;
}

}  // namespace disco
