// SPDX-License-Identifier: Apache-2.0
// One line that shows how far long work has come: a bar on a terminal, a plain line now and then
// elsewhere. Writes to stderr, so that stdout stays for figures. Thread rule: one thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "disco/base/clock.h"

namespace disco {

class Progress {
 public:
  // `total` steps of something called `unit` ("images"); `title` stands in front of the line.
  Progress(std::string title, std::string unit, int64_t total);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // `done` steps in all; `note` ("loss 1.23") ends the line. Draws at most ten times a second on a
  // terminal, every ten seconds elsewhere.
  void Update(int64_t done, std::string_view note = {});
  // Draws the last state and ends the line. The destructor does it too.
  void Finish();

 private:
  void Draw();
  std::string title_, unit_, note_;
  int64_t total_, done_ = 0;
  bool terminal_, finished_ = false;
  Clock::time_point start_, last_drawn_;
};

}  // namespace disco
