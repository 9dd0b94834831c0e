// SPDX-License-Identifier: Apache-2.0
// Links module train, and LibTorch with it: trains by a recipe that names no network.
#include <cstdio>

#include "disco/train/train.h"

int main() {
  const auto report = disco::Train({}, {});
  if (report) return 1;
  std::puts(report.error().message.c_str());
}
