// SPDX-License-Identifier: Apache-2.0
#include "disco/data/gzip.h"

#include <zlib.h>

#include <algorithm>

namespace disco {
namespace {

constexpr int kGzipOnly = 16 + MAX_WBITS;   // inflateInit2: expect a gzip header
constexpr size_t kBlock = size_t{1} << 18;  // bytes

struct Inflater {
  Inflater() { ready = inflateInit2(&stream, kGzipOnly) == Z_OK; }
  ~Inflater() {
    if (ready) inflateEnd(&stream);
  }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  z_stream stream{};
  bool ready = false;
};

Result<std::string> Inflate(const std::string& packed, size_t limit) {
  Inflater inflater;
  if (!inflater.ready) return Fail(ErrorKind::kInvalid, "zlib does not start");
  z_stream& stream = inflater.stream;
  stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  std::string content;
  int state = Z_OK;
  while (state == Z_OK) {
    const size_t filled = content.size();
    content.resize(filled + kBlock);
    stream.next_out = reinterpret_cast<Bytef*>(content.data() + filled);
    stream.avail_out = kBlock;
    state = inflate(&stream, Z_NO_FLUSH);
    content.erase(content.size() - stream.avail_out);
    if (content.size() > limit) {
      return Fail(ErrorKind::kInvalid, "holds more than {} when decompressed",
                  ToString(Bytes{static_cast<int64_t>(limit)}));
    }
  }
  if (state == Z_STREAM_END) return content;
  return Fail(ErrorKind::kInvalid, "damaged gzip data: {}",
              stream.msg != nullptr ? stream.msg : "the file ends too early");
}

}  // namespace

Result<std::string> ReadMaybeGzip(const Path& path, Bytes limit) {
  std::error_code ignored;  // ReadFile reports what is wrong with the path
  const auto size = std::filesystem::file_size(path, ignored);
  if (!ignored && size > static_cast<uint64_t>(limit.value)) {
    return Fail(ErrorKind::kInvalid, "{}: larger than {}", path.string(), ToString(limit));
  }
  Result<std::string> content = ReadFile(path);
  if (!content || !content->starts_with("\x1f\x8b")) return content;
  Result<std::string> inflated = Inflate(*content, static_cast<size_t>(limit.value));
  if (!inflated) return At(path.string(), std::move(inflated).error());
  return inflated;
}

}  // namespace disco
