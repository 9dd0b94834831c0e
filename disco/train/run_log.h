// SPDX-License-Identifier: Apache-2.0
// The log of a run: one JSON object per line, with the time in it, written through at once. Private
// to the module. Thread rule: one thread. Errors: kIo when it cannot be opened; a full disk later
// loses lines, not the run, and Check says so at its end.
#pragma once

#include <fstream>
#include <nlohmann/json.hpp>
#include <string_view>

#include "disco/base/file.h"

namespace disco {

class RunLog {
 public:
  // `append`: go on with the log of an earlier run.
  static Result<RunLog> Open(const Path& path, bool append);

  // `fields` is an object; "event" and "time" (seconds since 1970) come first.
  void Write(std::string_view event, const nlohmann::ordered_json& fields);

  // Errors: kIo when lines were lost.
  Status Check() const;

 private:
  RunLog(std::ofstream stream, Path path) : stream_(std::move(stream)), path_(std::move(path)) {}
  std::ofstream stream_;
  Path path_;
};

}  // namespace disco
