// SPDX-License-Identifier: Apache-2.0
// Labelled pictures by number. OpenDataset finds out what kind a folder holds:
//
//   folders    <root>/<split>/<class>/*.jpg|jpeg|png
//              classes and files in the order of their names
//   CIFAR-10   data_batch_*.bin, test_batch.bin (the "binary version")
//   CIFAR-100  train.bin, test.bin
//   IDX        train-images-idx3-ubyte[.gz], t10k-images-..., each with its
//              ...-labels-idx1-ubyte[.gz] (MNIST and its likes)
//
// or, without a folder, pictures drawn by the program: see draw_synthetic.h.
//
// Thread rule: once open, all calls from any thread at once. Errors: kInvalid, kIo or kUnsupported,
// naming the file.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "disco/data/sample.h"

namespace disco {

// A folder or file of a data set, as it was when it was opened; two that are equal hold the same.
struct DataPart {
  std::string name;  // like "train/apple" or "data_batch_1.bin"
  int64_t pictures = 0, bytes = 0;
  uint64_t hash = 0;  // of the names and sizes of files, or of the content where it is in memory
};

class Dataset {
 public:
  virtual ~Dataset() = default;

  virtual int64_t size() const = 0;
  // index in [0, size()). The same index gives the same picture, always.
  virtual Result<Sample> Get(int64_t index) const = 0;
  // Of targets that are classes or have some.
  virtual const std::vector<std::string>& class_names() const = 0;
  // Class names are "0", "1", ... because the data set has none.
  virtual bool classes_are_numbered() const { return false; }
  // Pictures of each class, of which `limit` may leave out some.
  virtual std::vector<int64_t> class_sizes() const = 0;
  // What its user should be told, such as files that are left out; a line each.
  virtual std::vector<std::string> notes() const { return {}; }
  // All of it, whatever `limit` leaves out; none of what the program draws itself.
  virtual std::vector<DataPart> parts() const { return {}; }
  // Where the picture comes from, for messages: a path, or a file and a record in it.
  virtual std::string Describe(int64_t index) const = 0;
  // All pictures are in memory already, and Get only copies.
  virtual bool in_memory() const { return false; }
};

struct DatasetSpec {
  // A folder, or "synthetic", or "synthetic:train=20000,val=2000,size=32" (pictures, pictures,
  // pixels).
  std::string source = "synthetic";
  std::string split = "train";  // "train" or "val"; val is also found under the name "test"
  uint64_t seed = 0;            // of synthetic pictures, and of the choice that `limit` makes
  int64_t limit = std::numeric_limits<int64_t>::max();  // keep so many pictures, chosen at random
  DecodeOptions decode;                                 // see DecodeFor in preprocessing.h
};

Result<std::unique_ptr<Dataset>> OpenDataset(const DatasetSpec& spec);

}  // namespace disco
