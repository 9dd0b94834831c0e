// SPDX-License-Identifier: Apache-2.0
#include "disco/tensor/guarded_memory.h"

#include <fmt/core.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <new>
#include <span>
#include <string_view>

#include "disco/tensor/memory.h"

namespace disco {
namespace {

size_t RoundedUp(size_t size, size_t unit) { return (size + unit - 1) / unit * unit; }

// Where everything lies when `size` bytes are guarded, in bytes from the first page.
struct Places {
  explicit Places(size_t size)
      : page(static_cast<size_t>(sysconf(_SC_PAGESIZE))),
        end(page + RoundedUp(std::max<size_t>(size, 1), page)),
        data(end - RoundedUp(size, kMemoryAlignment)),
        data_end(data + size) {}

  size_t page;
  size_t end;  // where the second page that nobody may touch begins
  size_t data, data_end;
  size_t mapped() const { return end + page; }
};

void ExpectUntouched(std::span<const std::byte> bytes, size_t size, std::string_view side) {
  const auto wrong = std::ranges::find_if(bytes, [](std::byte b) { return b != kUntouched; });
  if (wrong == bytes.end()) return;
  fmt::print(stderr, "guarded memory of {} bytes: a byte {} it was written\n", size, side);
  std::abort();
}

}  // namespace

std::byte* TakeGuarded(size_t size) {
  if (size > std::numeric_limits<size_t>::max() / 2) throw std::bad_alloc();
  const Places places(size);
  void* const mapping =
      mmap(nullptr, places.mapped(), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapping == MAP_FAILED) throw std::bad_alloc();
  auto* const first = static_cast<std::byte*>(mapping);
  if (mprotect(first + places.page, places.end - places.page, PROT_READ | PROT_WRITE) != 0) {
    munmap(mapping, places.mapped());
    throw std::bad_alloc();
  }
  std::fill(first + places.page, first + places.data, kUntouched);
  std::fill(first + places.data_end, first + places.end, kUntouched);
  return first + places.data;
}

void ReturnGuarded(std::byte* data, size_t size) {
  const Places places(size);
  std::byte* const first = data - places.data;
  ExpectUntouched({first + places.page, data}, size, "before");
  ExpectUntouched({data + size, first + places.end}, size, "after");
  munmap(first, places.mapped());
}

}  // namespace disco
