// SPDX-License-Identifier: Apache-2.0
// The kinds behind OpenDataset, one source file each. Private to the module.
// A kind that finds none of its files in spec.source answers with null, so that the next one can
// try; files that are there and broken are an error. Thread rule: pure.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "disco/data/dataset.h"

namespace disco {

using DatasetOrNone = Result<std::unique_ptr<Dataset>>;

DatasetOrNone OpenImageFolder(const DatasetSpec& spec);
DatasetOrNone OpenCifar(const DatasetSpec& spec);
DatasetOrNone OpenIdx(const DatasetSpec& spec);
// spec.source is "synthetic" or begins with "synthetic:". Errors: kUsage for an unknown word.
Result<std::unique_ptr<Dataset>> OpenSynthetic(const DatasetSpec& spec);

// Pictures of one size that lie in memory, with their labels: what the files of CIFAR and IDX
// become.
struct PackedImages {
  int width = 0, height = 0;
  int channels = 0;             // 1 or 3
  std::vector<uint8_t> pixels;  // [image, channel, height, width]
  std::vector<uint8_t> labels;
  std::vector<std::string> class_names;
  struct File {
    std::string path;
    int64_t first;  // number of its first picture
  };
  std::vector<File> files;
};
std::unique_ptr<Dataset> MakePacked(PackedImages images);

// "0", "1", ... : names of classes that have none.
std::vector<std::string> NumberedClasses(size_t count);

}  // namespace disco
