// SPDX-License-Identifier: Apache-2.0
// Whole files in and out. Writing is atomic: readers see the old file or the new one, never a half.
// Errors: kIo, naming the path and the system's reason.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "disco/base/result.h"

namespace disco {

using Path = std::filesystem::path;

// Regular files only: a pipe could be waited for without end.
Result<std::string> ReadFile(const Path& path);

// Writes beside `path`, flushes to disk, renames. Makes missing folders. A link is kept and what it
// leads to replaced; a device or pipe is written to.
Status WriteFile(const Path& path, std::string_view content);

struct FileContent {
  Path path;
  std::string_view content;
};
// Several that belong together: the old ones stay until all new ones are complete.
Status WriteFiles(std::span<const FileContent> files);

Status MakeFolder(const Path& path);

// Makes sure, before long work, that `path` can be written afterwards: makes its folder, and a file
// in it, which is taken away again.
Status CheckWritable(const Path& path);

// Whether both lead to one file, or will when they are written.
bool AreSameFile(const Path& a, const Path& b);

// Errors: kUsage when writing `output`, which `option` names, or weights beside it (OUTPUT.data),
// would destroy one of `inputs` or its weights (INPUT.data).
Status KeepInputs(const Path& output, std::string_view option, const std::vector<Path>& inputs);

// A read-only mapping of a file; pages are loaded when touched. Shared owner: copies keep it
// mapped.
struct MappedFile {
  std::shared_ptr<const std::byte> data;
  size_t size = 0;
  std::span<const std::byte> bytes() const { return {data.get(), size}; }
};
Result<MappedFile> MapFile(const Path& path);

}  // namespace disco
