// SPDX-License-Identifier: Apache-2.0
// Slab: memory that a program takes piece by piece when it is made and gives back as a whole.
//
// In huge pages where the system has them: a network reads each weight once per inference, from
// pages that are long out of the processor's table of them. On a virtual machine that costs a
// twentieth of an inference, and more when neighbours are busy. Private to the room. Thread rule:
// one thread takes. Errors: std::bad_alloc and MemoryRefused are thrown.
#pragma once

#include <cstddef>
#include <vector>

#include "disco/base/memory_account.h"

namespace disco::onednn {

class Slab {
 public:
  Slab() = default;
  // Whole blocks are taken from `memory` before they are mapped, as `what`, which has to live as
  // long; in huge pages a block is resident when a part of it is.
  Slab(MemoryAccount* memory, std::string_view what) : memory_(memory), what_(what) {}
  ~Slab();
  Slab(Slab&& other) noexcept;
  Slab& operator=(Slab&& other) noexcept;

  // Zeros, at a 64-byte boundary, as long as the slab lives.
  std::byte* Take(size_t size);
  // Of all pieces together.
  size_t taken() const { return taken_; }

 private:
  struct Block {
    std::byte* data;
    size_t size, used;
  };
  std::byte* TakeGuarded(size_t size);
  std::byte* TakeFromBlock(size_t size);

  MemoryAccount* memory_ = nullptr;
  std::string_view what_;
  std::vector<Block> blocks_;
  size_t taken_ = 0;
};

}  // namespace disco::onednn
