// SPDX-License-Identifier: Apache-2.0
// Standard input, output and error of a program. Thread rule: one thread.
#pragma once

#include <string_view>

#include "disco/base/result.h"

namespace disco {

// Call before anything is opened: a closed standard stream would lend its number to the next file
// or socket, into which everything printed would go. Afterwards using it fails, as on a closed one;
// what goes to a closed standard error is dropped.
void HoldStandardStreams();

// What cannot be written is noticed by FlushOutput.
void PrintOutput(std::string_view text);

// Writes out what was printed to standard output. Errors: kIo when any of it could not be written.
Status FlushOutput();

// To standard error; what cannot be written there can be told nowhere, and ends nothing.
void WriteError(std::string_view text);
template <class... Args>
void PrintError(fmt::format_string<Args...> format, Args&&... args) {
  WriteError(fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace disco
