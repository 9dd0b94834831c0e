// SPDX-License-Identifier: Apache-2.0
#include "disco/cli/train_command.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace disco {

Status RunTrainProgram(char** argv) {
  constexpr const char* kProgram = "disco-train";
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  if (!error) {
    const auto beside = self.parent_path() / kProgram;
    execv(beside.c_str(), argv);
  }
  execvp(kProgram, argv);
  return Fail(ErrorKind::kUsage,
              "cannot start {} ({}); it comes with a build that has LibTorch (-DDISCO_TRAIN=ON)",
              kProgram, std::strerror(errno));
}

}  // namespace disco
