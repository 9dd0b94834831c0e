// SPDX-License-Identifier: Apache-2.0
#include "disco/base/timeline.h"

#include <map>

#include "disco/base/text.h"

namespace disco {
namespace {

// Numbers groups and tracks, and names each where it first appears.
class TrackNames {
 public:
  struct Place {
    int group = 0, track = 0;  // from 1: viewers take 0 for the operating system's idle thread
  };

  Place Find(const TimelineEvent& event) {
    auto [group, new_group] = groups_.try_emplace(event.group);
    if (new_group) {
      group->second.number = static_cast<int>(groups_.size());
      Announce({group->second.number, 0}, "process_name", event.group);
    }
    auto& tracks = group->second.tracks;
    const auto next = static_cast<int>(tracks.size()) + 1;
    const auto [track, new_track] = tracks.try_emplace(event.track, next);
    const Place place{group->second.number, track->second};
    if (new_track) Announce(place, "thread_name", event.track);
    return place;
  }
  const std::string& announced() const { return announced_; }

 private:
  struct Group {
    int number = 0;
    std::map<std::string, int> tracks;
  };

  void Announce(Place place, const char* what, const std::string& name) {
    announced_ += fmt::format(R"({{"ph":"M","pid":{},"tid":{},"name":"{}","args":{{"name":{}}}}},)"
                              "\n",
                              place.group, place.track, what, JsonString(name));
  }

  std::map<std::string, Group> groups_;
  std::string announced_;
};

}  // namespace

std::string JsonString(std::string_view text) {
  const bool utf8 = IsUtf8(text);
  std::string json = "\"";
  for (const char byte : text) {
    const auto code = static_cast<unsigned char>(byte);
    if (byte == '"' || byte == '\\') {
      json += {'\\', byte};
    } else if (code < 0x20) {
      json += fmt::format("\\u{:04x}", code);
    } else {
      json += code < 0x80 || utf8 ? byte : '?';
    }
  }
  return json + '"';
}

std::string TimelineJson(const std::vector<TimelineEvent>& events) {
  constexpr double kMicroseconds = 1e3;
  TrackNames names;
  std::string list;
  for (const TimelineEvent& event : events) {
    const TrackNames::Place place = names.Find(event);
    list += fmt::format(R"({}{{"ph":"X","pid":{},"tid":{},"name":{},"cat":{},)"
                        R"("ts":{:.3f},"dur":{:.3f}}})",
                        list.empty() ? "" : ",\n", place.group, place.track, JsonString(event.name),
                        JsonString(event.category), event.start.count() * kMicroseconds,
                        (event.end - event.start).count() * kMicroseconds);
  }
  return fmt::format("{{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n{}{}\n]}}\n",
                     names.announced(), list);
}

}  // namespace disco
