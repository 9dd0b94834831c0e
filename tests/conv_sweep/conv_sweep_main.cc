// SPDX-License-Identifier: Apache-2.0
// conv_sweep: are convolutions and their gradients right with the instructions of this machine, or
// those that tools/at_level.sh leaves? docs/design/training-convolutions.md says what it found.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>

#include "tests/conv_sweep/child.h"

namespace disco {
namespace {

// LibTorch asks the processor, not the level, whether oneDNN computes in bfloat16: these belong
// together only where the level has AVX-512 too.
bool ComputesInBf16() {
  const char* const level = std::getenv("DNNL_MAX_CPU_ISA");
  if (level != nullptr && !std::string_view(level).starts_with("AVX512")) return false;
  std::ifstream file("/proc/cpuinfo");
  for (std::string word; file >> word;) {
    if (word == "avx512dq") return true;
  }
  return false;
}

// Returns how many cases are not right.
int64_t Sweep(const SweepPart& part) {
  int64_t findings = 0;
  RunPart(part, [&](const Finding& finding) {
    ++findings;
    fmt::print("threads {}, case {}: {}: {}\n", part.threads, finding.number,
               ToString(MakeConvCase(finding.number, part.bf16)), finding.what);
    fflush(stdout);
  });
  fmt::print("threads {}: {} of {} cases are not right\n", part.threads, findings,
             part.end - part.first);
  fflush(stdout);
  return findings;
}

int Main(int argc, char** argv) {
  CLI::App app(
      "Checks convolutions and their gradients against plain sums. Exit 1: some are not right.",
      "conv_sweep");
  SweepPart part{.bf16 = ComputesInBf16(), .end = kConvCases};
  std::vector<int> threads = {1, 2};
  bool libtorch = false, child = false;
  app.add_option("--threads", threads, "default: 1 and 2");
  app.add_option("--first", part.first, "number of the first case");
  app.add_option("--end", part.end, "number after that of the last; default: all cases");
  app.add_flag("--libtorch", libtorch, "LibTorch as it is, without what disco avoids");
  app.add_flag("--child", child)->group("");
  CLI11_PARSE(app, argc, argv);
  if (libtorch) part.route = ConvRoute::kLibTorch;
  int64_t findings = 0;
  for (const int count : threads) {
    part.threads = count;
    if (child) return RunChild(part);
    findings += Sweep(part);
  }
  return findings == 0 ? 0 : 1;
}

}  // namespace
}  // namespace disco

int main(int argc, char** argv) { return disco::Main(argc, argv); }
