// SPDX-License-Identifier: Apache-2.0
// Any text as the messages that open a session.
#include "disco/node/protocol.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto hello = disco::HelloFromJson(text);
      hello && !disco::HelloFromJson(disco::ToJson(*hello)))
    __builtin_trap();
  static_cast<void>(disco::HelloReplyFromJson(text));
  static_cast<void>(disco::ReadyFromJson(text));
  return 0;
}
