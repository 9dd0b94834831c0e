// SPDX-License-Identifier: Apache-2.0
#include "disco/node/session_control.h"

#include <utility>

namespace disco {

void SessionControl::Touch() {
  const std::lock_guard lock(mutex_);
  active_ = Clock::now();
}

Milliseconds SessionControl::Idle() const {
  const std::lock_guard lock(mutex_);
  return Since(active_);
}

Milliseconds SessionControl::Ending() const {
  const std::lock_guard lock(mutex_);
  return ending_ ? Since(*ending_) : Milliseconds(0);
}

void SessionControl::End(std::string reason) {
  const std::lock_guard lock(mutex_);
  if (ending_) return;
  ending_ = Clock::now();
  reason_ = std::move(reason);
}

Status SessionControl::GoOn() const {
  const std::lock_guard lock(mutex_);
  if (!ending_) return {};
  return Fail(ErrorKind::kInterrupted, "{}", reason_);
}

void SessionControl::Cut() {
  const std::lock_guard lock(mutex_);
  cut_ = true;
  shutdown_();
}

SessionControl::Hold::Hold(SessionControl& control, std::function<void()> shutdown)
    : control_(control) {
  const std::lock_guard lock(control_.mutex_);
  control_.shutdown_ = std::move(shutdown);
  if (control_.cut_) control_.shutdown_();
}

SessionControl::Hold::~Hold() {
  const std::lock_guard lock(control_.mutex_);
  control_.shutdown_ = [] {};
}

}  // namespace disco
