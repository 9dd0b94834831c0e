// SPDX-License-Identifier: Apache-2.0
#include "disco/base/progress.h"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>

#include "disco/base/standard_streams.h"

namespace disco {
namespace {

constexpr int kBarWidth = 24;

std::string ClockText(double seconds) {
  const auto whole = static_cast<int64_t>(seconds + 0.5);
  return whole >= 3600 ? fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60)
                       : fmt::format("{}:{:02}", whole / 60, whole % 60);
}

}  // namespace

Progress::Progress(std::string title, std::string unit, int64_t total)
    : title_(std::move(title)),
      unit_(std::move(unit)),
      total_(std::max<int64_t>(total, 1)),
      terminal_(isatty(STDERR_FILENO) == 1),
      start_(Clock::now()),
      last_drawn_(start_) {}

Progress::~Progress() { Finish(); }

void Progress::Update(int64_t done, std::string_view note) {
  done_ = done;
  note_ = note;
  const auto interval = terminal_ ? std::chrono::milliseconds(100) : std::chrono::seconds(10);
  if (Clock::now() - last_drawn_ >= interval) Draw();
}

void Progress::Finish() {
  if (finished_) return;
  finished_ = true;
  Draw();
  if (terminal_) WriteError("\n");
}

void Progress::Draw() {
  last_drawn_ = Clock::now();
  const double seconds = std::max(Since(start_).count() / 1e3, 1e-9);
  const double rate = static_cast<double>(done_) / seconds;
  const double fraction =
      std::clamp(static_cast<double>(done_) / static_cast<double>(total_), 0.0, 1.0);
  const std::string time = finished_ || done_ == 0
                               ? ClockText(seconds)
                               : "ETA " + ClockText(static_cast<double>(total_ - done_) / rate);
  const std::string text = fmt::format("{:3.0f}% {}/{}  {:.0f} {}/s  {}  {}", 100 * fraction, done_,
                                       total_, rate, unit_, time, note_);
  if (terminal_) {
    const int filled = static_cast<int>(fraction * kBarWidth);
    PrintError("\r\033[K{} [{}{}] {}", title_, std::string(filled, '='),
               std::string(kBarWidth - filled, ' '), text);
  } else {
    PrintError("{}: {}\n", title_, text);
  }
}

}  // namespace disco
