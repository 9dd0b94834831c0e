// SPDX-License-Identifier: Apache-2.0
// Timeline: what happened when, on several machines, as a list of intervals; and as a file in the
// trace event format, which Perfetto and chrome://tracing open.
//
// A group ("node 0") is shown as a process, a track of it ("compute", "link to node 1") as one row.
// Times count from the start of one inference. Thread rule: plain values, pure functions.
#pragma once

#include <string>
#include <vector>

#include "disco/base/units.h"

namespace disco {

struct TimelineEvent {
  std::string group, track, name, category;
  Milliseconds start{0}, end{0};
};

// `text` as a JSON string, in quotes. What is not UTF-8 becomes a question mark.
std::string JsonString(std::string_view text);

// {"traceEvents": [...]}: an event of phase "X" each, times in microseconds. Groups and tracks are
// numbered from 1 as they first appear and named by events of phase "M". Events of one track have
// to follow one another or lie one within the other.
std::string TimelineJson(const std::vector<TimelineEvent>& events);

}  // namespace disco
