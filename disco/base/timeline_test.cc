// SPDX-License-Identifier: Apache-2.0
#include "disco/base/timeline.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace disco {
namespace {

using Json = nlohmann::json;

Json EventsOf(const std::vector<TimelineEvent>& events) {
  return Json::parse(TimelineJson(events)).at("traceEvents");
}

std::vector<Json> WithPhase(const Json& events, const std::string& phase) {
  std::vector<Json> found;
  for (const Json& event : events) {
    if (event.at("ph") == phase) found.push_back(event);
  }
  return found;
}

TEST(Timeline, EventsAreCompleteAndInMicroseconds) {
  const Json events =
      EventsOf({{"node 0", "compute", "conv1", "compute", Milliseconds(0.5), Milliseconds(2.125)}});
  const std::vector<Json> complete = WithPhase(events, "X");
  ASSERT_EQ(complete.size(), 1u);
  EXPECT_EQ(complete[0].at("name"), "conv1");
  EXPECT_EQ(complete[0].at("cat"), "compute");
  EXPECT_DOUBLE_EQ(complete[0].at("ts").get<double>(), 500);
  EXPECT_DOUBLE_EQ(complete[0].at("dur").get<double>(), 1625);
}

TEST(Timeline, GroupsAreProcessesAndTracksThreads) {
  const Json events = EventsOf({{"node 0", "compute", "a", ""},
                                {"node 0", "link", "b", ""},
                                {"node 1", "compute", "c", ""},
                                {"node 0", "compute", "d", ""}});
  const std::vector<Json> complete = WithPhase(events, "X");
  ASSERT_EQ(complete.size(), 4u);
  const auto place = [&](size_t i) {
    return std::pair(complete[i].at("pid").get<int>(), complete[i].at("tid").get<int>());
  };
  EXPECT_EQ(place(0), std::pair(1, 1));
  EXPECT_EQ(place(1), std::pair(1, 2));
  EXPECT_EQ(place(2), std::pair(2, 1));
  EXPECT_EQ(place(3), place(0));
  const std::vector<Json> names = WithPhase(events, "M");
  ASSERT_EQ(names.size(), 5u) << "two groups and three tracks";
  EXPECT_EQ(names[0].at("name"), "process_name");
  EXPECT_EQ(names[0].at("args").at("name"), "node 0");
  EXPECT_EQ(names[2].at("name"), "thread_name");
  EXPECT_EQ(names[2].at("args").at("name"), "link");
  EXPECT_EQ(names[2].at("tid"), 2);
}

TEST(Timeline, AnEmptyOneIsStillJson) { EXPECT_TRUE(EventsOf({}).empty()); }

TEST(Timeline, NamesFromFilesCannotBreakTheJson) {
  const std::string hostile = "a\"b\\c\n\x01 \xc3\xbc";
  const Json events = EventsOf({{hostile, hostile, hostile, hostile}});
  EXPECT_EQ(WithPhase(events, "X")[0].at("name"), hostile);
  EXPECT_EQ(Json::parse(JsonString("caf\xe9")), "caf?");
}

}  // namespace
}  // namespace disco
