// SPDX-License-Identifier: Apache-2.0
#include "disco/base/file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace disco {
namespace {

tl::unexpected<Error> SystemError(std::string_view action, const Path& path) {
  return Fail(ErrorKind::kIo, "cannot {} {}: {}", action, path.string(), std::strerror(errno));
}

class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  ~FileDescriptor() {
    if (fd_ >= 0) close(fd_);
  }
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  int get() const { return fd_; }

 private:
  int fd_;
};

Status WriteAll(int fd, std::string_view content, const Path& path) {
  while (!content.empty()) {
    const ssize_t written = write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return SystemError("write", path);
    content.remove_prefix(static_cast<size_t>(written));
  }
  return {};
}

// A pipe or device is refused here instead of being waited for.
Result<FileDescriptor> OpenRegular(const Path& path, struct stat& info) {
  FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) return SystemError("open", path);
  if (fstat(file.get(), &info) != 0) return SystemError("read", path);
  if (S_ISREG(info.st_mode)) return file;
  return Fail(ErrorKind::kIo, "cannot read {}: it is {}", path.string(),
              S_ISDIR(info.st_mode) ? "a folder" : "not a regular file");
}

// What `path` leads to, whether it is there or not.
Result<Path> FollowLinks(Path path) {
  constexpr int kMostLinks = 40;  // as the system itself follows
  for (int links = 0; links < kMostLinks; ++links) {
    std::error_code none;
    if (!std::filesystem::is_symlink(path, none)) return path;
    path = path.parent_path() / std::filesystem::read_symlink(path, none);
  }
  return Fail(ErrorKind::kIo, "cannot write {}: it is a link that leads to itself", path.string());
}

// A device or pipe takes what is written; it must not be replaced by a file.
Status WriteInto(const Path& path, std::string_view content) {
  const FileDescriptor file(open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0 || fcntl(file.get(), F_SETFL, 0) != 0) return SystemError("write to", path);
  return WriteAll(file.get(), content, path);
}

Path PartialOf(const Path& path) {
  Path partial = path;
  partial += fmt::format(".partial-{}", getpid());
  return partial;
}

// A file that is written beside its place and moved there when it is complete.
class Replacement {
 public:
  explicit Replacement(Path target) : target_(std::move(target)), partial_(PartialOf(target_)) {}
  Replacement(Replacement&& other) noexcept
      : target_(std::move(other.target_)), partial_(std::exchange(other.partial_, {})) {}
  ~Replacement() {
    if (!partial_.empty()) unlink(partial_.c_str());
  }

  Status Write(std::string_view content) {
    const FileDescriptor file(
        open(partial_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    if (file.get() < 0) return SystemError("create", target_);
    DISCO_TRY(WriteAll(file.get(), content, target_));
    if (fsync(file.get()) != 0) return SystemError("flush", target_);
    return {};
  }
  Status Move() {
    if (rename(partial_.c_str(), target_.c_str()) != 0) return SystemError("replace", target_);
    partial_.clear();
    return {};
  }

 private:
  Path target_, partial_;
};

// Without links and dots, also where the file or a folder on the way is not there yet.
Path Resolved(const Path& path) {
  std::error_code error;
  const Path absolute = std::filesystem::absolute(path, error);
  const Path resolved = std::filesystem::weakly_canonical(absolute, error);
  return error ? absolute.lexically_normal() : resolved;
}

}  // namespace

Result<std::string> ReadFile(const Path& path) {
  struct stat info{};
  DISCO_ASSIGN(const FileDescriptor file, OpenRegular(path, info));
  std::string content;
  content.reserve(static_cast<size_t>(info.st_size));
  char block[1 << 16];
  while (true) {
    const ssize_t count = read(file.get(), block, sizeof block);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return SystemError("read", path);
    if (count == 0) return content;
    content.append(block, static_cast<size_t>(count));
  }
}

Status WriteFile(const Path& path, std::string_view content) {
  const FileContent file{path, content};
  return WriteFiles({&file, 1});
}

Status WriteFiles(std::span<const FileContent> files) {
  std::vector<Replacement> written;
  for (const auto& [path, content] : files) {
    struct stat info{};
    if (stat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode)) {
      DISCO_TRY(WriteInto(path, content));
      continue;
    }
    if (path.has_parent_path()) DISCO_TRY(MakeFolder(path.parent_path()));
    DISCO_ASSIGN(Path target, FollowLinks(path));
    written.emplace_back(std::move(target));
    DISCO_TRY(written.back().Write(content));
  }
  for (Replacement& file : written) DISCO_TRY(file.Move());
  return {};
}

Status MakeFolder(const Path& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) {
    return Fail(ErrorKind::kIo, "cannot make folder {}: {}", path.string(), error.message());
  }
  return {};
}

Result<MappedFile> MapFile(const Path& path) {
  struct stat info{};
  DISCO_ASSIGN(const FileDescriptor file, OpenRegular(path, info));
  const auto size = static_cast<size_t>(info.st_size);
  if (size == 0) return MappedFile{};
  void* start = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (start == MAP_FAILED) return SystemError("map", path);
  auto unmap = [size](const std::byte* data) { munmap(const_cast<std::byte*>(data), size); };
  return MappedFile{std::shared_ptr<const std::byte>(static_cast<const std::byte*>(start), unmap),
                    size};
}

Status CheckWritable(const Path& path) {
  struct stat info{};
  const bool exists = stat(path.c_str(), &info) == 0;
  if (exists && S_ISDIR(info.st_mode))
    return Fail(ErrorKind::kIo, "cannot write {}: it is a folder", path.string());
  if (exists && !S_ISREG(info.st_mode)) return {};
  if (path.has_parent_path()) DISCO_TRY(MakeFolder(path.parent_path()));
  DISCO_ASSIGN(const Path target, FollowLinks(path));
  const Path partial = PartialOf(target);
  const FileDescriptor file(open(partial.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
  if (file.get() < 0) return SystemError("create", path);
  unlink(partial.c_str());
  return {};
}

bool AreSameFile(const Path& a, const Path& b) {
  std::error_code missing;  // what does not exist is not the same file
  return std::filesystem::equivalent(a, b, missing) || Resolved(a) == Resolved(b);
}

Status KeepInputs(const Path& output, std::string_view option, const std::vector<Path>& inputs) {
  if (output.empty()) return {};
  for (const Path& input : inputs) {
    if (input.empty()) continue;
    for (const auto& [made, read] : {std::pair("", ""), {"", ".data"}, {".data", ""}}) {
      if (!AreSameFile(output.string() + made, input.string() + read)) continue;
      return Fail(ErrorKind::kUsage,
                  "writing {}{} would destroy {}{}, which this command reads; give another {}",
                  output.string(), made, input.string(), read, option);
    }
  }
  return {};
}

}  // namespace disco
