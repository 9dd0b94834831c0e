// SPDX-License-Identifier: Apache-2.0
#include "disco/base/file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

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
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
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
  if (fsync(fd) != 0) return SystemError("flush", path);
  return {};
}

}  // namespace

Result<std::string> ReadFile(const Path& path) {
  const FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return SystemError("open", path);
  struct stat info{};
  if (fstat(file.get(), &info) != 0) return SystemError("read", path);
  if (S_ISDIR(info.st_mode)) {
    return Fail(ErrorKind::kIo, "cannot read {}: it is a folder", path.string());
  }
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
  if (path.has_parent_path()) DISCO_TRY(MakeFolder(path.parent_path()));
  Path partial = path;
  partial += fmt::format(".partial-{}", getpid());
  {
    const FileDescriptor file(
        open(partial.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    if (file.get() < 0) return SystemError("create", path);
    if (Status written = WriteAll(file.get(), content, path); !written) {
      unlink(partial.c_str());
      return written;
    }
  }
  if (rename(partial.c_str(), path.c_str()) != 0) {
    const auto error = SystemError("replace", path);
    unlink(partial.c_str());
    return error;
  }
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
  // A pipe is refused below instead of being waited for here.
  const FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) return SystemError("open", path);
  struct stat info{};
  if (fstat(file.get(), &info) != 0) return SystemError("read", path);
  if (!S_ISREG(info.st_mode)) {
    return Fail(ErrorKind::kIo, "cannot read {}: it is not a regular file", path.string());
  }
  const auto size = static_cast<size_t>(info.st_size);
  if (size == 0) return MappedFile{};
  void* start = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (start == MAP_FAILED) return SystemError("map", path);
  auto unmap = [size](const std::byte* data) { munmap(const_cast<std::byte*>(data), size); };
  return MappedFile{std::shared_ptr<const std::byte>(static_cast<const std::byte*>(start), unmap),
                    size};
}

}  // namespace disco
