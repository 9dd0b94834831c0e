// SPDX-License-Identifier: Apache-2.0
#include "disco/train/run_log.h"

#include <chrono>

namespace disco {

using Json = nlohmann::ordered_json;

Result<RunLog> RunLog::Open(const Path& path, bool append) {
  if (path.has_parent_path()) DISCO_TRY(MakeFolder(path.parent_path()));
  std::ofstream stream(path, append ? std::ios::app : std::ios::trunc);
  if (!stream) return Fail(ErrorKind::kIo, "cannot write the log {}", path.string());
  return RunLog(std::move(stream), path);
}

void RunLog::Write(std::string_view event, const Json& fields) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  Json line = {{"event", event}, {"time", std::chrono::duration<double>(now).count()}};
  line.update(fields);
  stream_ << line.dump(-1, ' ', false, Json::error_handler_t::replace) << std::endl;
}

Status RunLog::Check() const {
  if (stream_) return {};
  return Fail(ErrorKind::kIo, "not every line of the log {} could be written", path_.string());
}

}  // namespace disco
