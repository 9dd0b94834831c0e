// SPDX-License-Identifier: Apache-2.0
#include "disco/base/standard_streams.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace disco {

void HoldStandardStreams() {
  // Open for the other direction, so that using it fails.
  constexpr int kModes[] = {O_WRONLY, O_RDONLY, O_WRONLY};
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    // The lowest free number, which is this one.
    if (fcntl(stream, F_GETFD) < 0) (void)open("/dev/null", kModes[stream]);
  }
}

void PrintOutput(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); }

Status FlushOutput() {
  const bool lost = std::ferror(stdout) != 0;
  if (std::fflush(stdout) != 0)
    return Fail(ErrorKind::kIo, "cannot write to standard output: {}", std::strerror(errno));
  if (lost) return Fail(ErrorKind::kIo, "not everything could be written to standard output");
  return {};
}

void WriteError(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stderr); }

}  // namespace disco
