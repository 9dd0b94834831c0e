// SPDX-License-Identifier: Apache-2.0
#include "disco/graph/names.h"

#include <gtest/gtest.h>

namespace disco {
namespace {

TEST(Names, AreNewEachTime) {
  Graph graph;
  graph.AddValue("a");
  graph.AddValue("a.2");
  Names names(graph);
  EXPECT_EQ(names.Fresh("b"), "b");
  EXPECT_EQ(names.Fresh("b"), "b.2");
  EXPECT_EQ(names.Fresh("a"), "a.3");
  names.Take("c");
  EXPECT_EQ(names.Fresh("c"), "c.2");
}

}  // namespace
}  // namespace disco
