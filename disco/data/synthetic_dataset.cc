// SPDX-License-Identifier: Apache-2.0
#include <charconv>

#include "disco/data/dataset_kinds.h"
#include "disco/data/draw_synthetic.h"

namespace disco {
namespace {

struct Options {
  int64_t train = 20000, val = 2000;  // pictures
  int64_t size = 32;                  // pixels
};

class SyntheticDataset final : public Dataset {
 public:
  SyntheticDataset(const Options& options, const DatasetSpec& spec)
      : size_(spec.split == "train" ? options.train : options.val),
        side_(static_cast<int>(options.size)),
        seed_(spec.seed),
        split_(spec.split) {}

  int64_t size() const override { return size_; }
  const std::vector<std::string>& class_names() const override { return class_names_; }
  std::vector<int64_t> class_sizes() const override {
    const auto classes = static_cast<int64_t>(class_names_.size());
    std::vector<int64_t> sizes;
    for (int64_t label = 0; label < classes; ++label)
      sizes.push_back((size_ + classes - 1 - label) / classes);
    return sizes;
  }
  std::string Describe(int64_t index) const override {
    return fmt::format("synthetic {} picture {}", split_, index);
  }
  Result<Sample> Get(int64_t index) const override {
    const int64_t label = index % static_cast<int64_t>(class_names_.size());
    const auto number = static_cast<uint64_t>(index);
    const uint64_t stream = split_ == "train" ? 2 * number : 2 * number + 1;
    return Sample{DrawSynthetic({seed_, stream}, side_, static_cast<int>(label)),
                  ClassLabel{label}};
  }

 private:
  int64_t size_;
  int side_;
  uint64_t seed_;
  std::string split_;
  std::vector<std::string> class_names_ = SyntheticClassNames();
};

// Sets the option that `word` ("train=20000") names; false when it names none.
bool Set(std::string_view word, Options& options) {
  const size_t equals = word.find('=');
  if (equals == std::string_view::npos) return false;
  const std::string_view name = word.substr(0, equals), value = word.substr(equals + 1);
  int64_t number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error != std::errc() || end != value.data() + value.size() || number < 1) return false;
  if (name == "train") options.train = number;
  if (name == "val") options.val = number;
  if (name == "size") options.size = number;
  return (name == "train" || name == "val") ? number <= 1'000'000'000
                                            : name == "size" && number >= 8 && number <= 1024;
}

}  // namespace

Result<std::unique_ptr<Dataset>> OpenSynthetic(const DatasetSpec& spec) {
  Options options;
  std::string_view rest =
      std::string_view(spec.source).substr(std::string_view("synthetic").size());
  while (!rest.empty()) {
    rest.remove_prefix(1);  // the colon or a comma
    const std::string_view word = rest.substr(0, rest.find(','));
    if (!Set(word, options)) {
      return Fail(ErrorKind::kUsage,
                  "data source '{}': '{}' is not understood; an example with the defaults: "
                  "'synthetic:train=20000,val=2000,size=32' (size is 8 to 1024)",
                  spec.source, word);
    }
    rest.remove_prefix(word.size());
  }
  return std::make_unique<SyntheticDataset>(options, spec);
}

}  // namespace disco
