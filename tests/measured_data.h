// SPDX-License-Identifier: Apache-2.0
// Real data for measuring is not part of the project. Tests that read it find it in the folder
// DISCO_DATA (a CMake option), unpacked at configuration, and say aloud that they skip when it is
// not there.
#pragma once

#include <gtest/gtest.h>

#include "disco/base/file.h"

namespace disco {

inline Path DataFolder(const std::string& name) { return Path(DISCO_UNPACKED_DATA) / name; }

inline bool HasData(const std::string& name) { return std::filesystem::exists(DataFolder(name)); }

}  // namespace disco

#define DISCO_SKIP_WITHOUT(name) \
  if (!HasData(name))            \
  GTEST_SKIP() << "skipped: no data '" << name << "'; configure with -DDISCO_DATA=FOLDER"
