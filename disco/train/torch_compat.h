// SPDX-License-Identifier: Apache-2.0
// LibTorch, and the few places where version 1.13 (Debian 12) and 2.x differ. Private to the room:
// every other file includes LibTorch through this one.
//
// Thread rule: Autocast acts on the calling thread. Errors: Guarded turns what LibTorch throws into
// an Error.
#pragma once

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/autocast_mode.h>
#include <c10/core/impl/LocalDispatchKeySet.h>
#include <torch/version.h>

#include <exception>
#include <string>
#include <utility>

#include "disco/base/result.h"

namespace disco {

#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 4)
inline void EnableAutocast(bool on) {
  at::autocast::set_autocast_dtype(at::kCPU, at::kBFloat16);
  at::autocast::set_autocast_enabled(at::kCPU, on);
}
#else
inline void EnableAutocast(bool on) {
  at::autocast::set_autocast_cpu_dtype(at::kBFloat16);
  at::autocast::set_cpu_enabled(on);
}
#endif

// While it lives, matrix products and convolutions are computed in bfloat16.
class Autocast {
 public:
  explicit Autocast(bool on) : on_(on) {
    if (on_) EnableAutocast(true);
  }
  ~Autocast() {
    if (!on_) return;
    at::autocast::clear_cache();
    EnableAutocast(false);
  }
  Autocast(const Autocast&) = delete;
  Autocast& operator=(const Autocast&) = delete;

 private:
  bool on_;
};

// While it lives, ops compute in the type of their tensors, whatever Autocast says.
class WithoutAutocast {
 private:
  c10::impl::ExcludeDispatchKeyGuard guard_{c10::DispatchKey::AutocastCPU};
};

// Runs `function`, which returns a Result or Status.
template <class Function>
auto Guarded(Function&& function) -> decltype(function()) {
  try {
    return std::forward<Function>(function)();
  } catch (const c10::Error& error) {
    return Fail(ErrorKind::kInvalid, "LibTorch: {}", std::string(error.what_without_backtrace()));
  } catch (const std::exception& error) {
    return Fail(ErrorKind::kInvalid, "{}", std::string(error.what()));
  }
}

}  // namespace disco
