// SPDX-License-Identifier: Apache-2.0
// What lies in a folder of pictures, and what a data set leaves out of it. Private to the module.
// Thread rule: pure function and plain values. Errors: kIo naming the folder.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "disco/base/file.h"

namespace disco {

// Names by kind, each sorted; those that begin with a dot are none.
struct FolderListing {
  std::vector<std::string> pictures;  // .jpg, .jpeg or .png
  std::vector<std::string> folders;
  std::vector<std::string> others;
};
Result<FolderListing> ListFolder(const Path& folder);

// Counts by kind, with an example of each.
class LeftOut {
 public:
  // `names` lie in `folder`, which is empty for that of the data set.
  void Add(const std::string& kind, const Path& folder, const std::vector<std::string>& names);
  // One line on what lies in `root`; none where nothing is left out.
  std::vector<std::string> Notes(const Path& root) const;

 private:
  struct Entry {
    size_t count = 0;
    std::string example;
  };
  std::map<std::string, Entry> entries_;
};

}  // namespace disco
