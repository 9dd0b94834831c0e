// SPDX-License-Identifier: Apache-2.0
#include "disco/train/machine.h"

#include <stdlib.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <thread>

#include "disco/train/torch_compat.h"

namespace disco {
namespace {

int Cores() { return std::max(1, static_cast<int>(std::thread::hardware_concurrency())); }

// The flags of the first processor that speak of bfloat16, as Linux names them; empty elsewhere.
std::string Bf16Flags() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("flags") && !line.starts_with("Features")) continue;
    std::istringstream words(line);
    std::string found;
    for (std::string word; words >> word;) {
      if (word.find("bf16") == std::string::npos) continue;
      found += (found.empty() ? "" : ", ") + word;
    }
    return found;
  }
  return {};
}

}  // namespace

void UseThreads(int64_t threads) {
  at::set_num_threads(threads == 0 ? Cores() : static_cast<int>(threads));
}

std::string DescribeMachine() {
  const std::string flags = Bf16Flags();
  return fmt::format("LibTorch {}, threads {} on {} cores, {}", TORCH_VERSION,
                     at::get_num_threads(), Cores(),
                     flags.empty() ? "no bfloat16 in hardware: bf16 will be slower than float"
                                   : "bfloat16 in hardware (" + flags + ")");
}

Status TryBf16() {
  const Status tried = Guarded([]() -> Status {
    at::conv2d(at::ones({1, 16, 4, 4}, at::kBFloat16), at::ones({16, 16, 3, 3}, at::kBFloat16));
    return {};
  });
  if (tried) return {};
  return Fail(ErrorKind::kUnsupported,
              "bf16 does not work here ({}); train without it, or do not limit oneDNN by "
              "DNNL_MAX_CPU_ISA",
              tried.error().message);
}

std::string WarnOfLoad() {
  double load = 0;  // processes that want to run, over the last minute
  const int threads = at::get_num_threads();
  if (threads == 1 || getloadavg(&load, 1) != 1 || load + threads < Cores() + 1.5) return {};
  return fmt::format(
      "other programs keep {:.1f} of {} cores busy; threads of LibTorch that wait for each other "
      "are slow then: --threads 1 may be faster",
      load, Cores());
}

}  // namespace disco
