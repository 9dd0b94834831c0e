// SPDX-License-Identifier: Apache-2.0
#include "disco/data/loader.h"

#include <gmock/gmock.h>

#include <atomic>
#include <set>

#include "disco/data/test_pictures.h"

namespace disco {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Pictures of 4 x 4 pixels whose label is their index; some are broken.
class Numbered final : public Dataset {
 public:
  explicit Numbered(int64_t size, std::set<int64_t> broken = {})
      : size_(size), broken_(std::move(broken)) {}
  int64_t size() const override { return size_; }
  const std::vector<std::string>& class_names() const override { return names_; }
  std::vector<int64_t> class_sizes() const override { return {}; }
  std::string Describe(int64_t index) const override { return fmt::format("picture {}", index); }
  Result<Sample> Get(int64_t index) const override {
    ++reads;
    if (broken_.contains(index)) return Fail(ErrorKind::kInvalid, "picture {}: torn", index);
    return Sample{Gradient(4, 4, static_cast<int>(index)), ClassLabel{index}};
  }
  mutable std::atomic<int> reads = 0;

 private:
  int64_t size_;
  std::set<int64_t> broken_;
  std::vector<std::string> names_;
};

LoaderOptions Options(int threads = 2) {
  LoaderOptions options;
  options.preprocessing = *ParsePreprocessing("3x4x4");
  options.augmentation = {.pad_crop = 1, .flip = true};
  options.batch_size = 8;
  options.seed = 5;
  options.shuffle = true;
  options.threads = threads;
  options.max_broken_share = 1;
  return options;
}

struct Epoch {
  std::vector<int64_t> labels;
  std::vector<float> pixels;
  std::vector<int64_t> batch_sizes;
  friend bool operator==(const Epoch&, const Epoch&) = default;
};

Epoch ReadOn(Loader& loader) {
  Epoch epoch;
  while (true) {
    auto batch = loader.Next();
    EXPECT_TRUE(batch) << batch.error().message;
    if (!batch || !*batch) return epoch;
    const Tensor& images = (*batch)->images;
    EXPECT_EQ(images.shape()[0], static_cast<int64_t>((*batch)->targets.size()));
    epoch.batch_sizes.push_back(images.shape()[0]);
    for (const int64_t label : LabelsOf((*batch)->targets)) epoch.labels.push_back(label);
    const auto pixels = images.Data<float>();
    epoch.pixels.insert(epoch.pixels.end(), pixels.begin(), pixels.end());
  }
}

Epoch ReadEpoch(const LoaderOptions& options, int64_t number, int64_t first_batch = 0) {
  Loader loader(std::make_shared<Numbered>(50, std::set<int64_t>{7, 8, 33}), options);
  loader.StartEpoch(number, first_batch);
  return ReadOn(loader);
}

TEST(Loader, SameForAnyNumberOfThreads) {
  const Epoch one = ReadEpoch(Options(1), 3);
  EXPECT_EQ(one.labels.size(), 47u);
  for (const int threads : {2, 4, 13}) EXPECT_EQ(ReadEpoch(Options(threads), 3), one) << threads;
}

TEST(Loader, EveryEpochShowsEveryPictureOnceInItsOwnOrder) {
  const Epoch first = ReadEpoch(Options(), 0), second = ReadEpoch(Options(), 1);
  EXPECT_NE(first.labels, second.labels);
  const std::set<int64_t> seen(first.labels.begin(), first.labels.end());
  EXPECT_EQ(seen.size(), 47u);
  EXPECT_THAT(first.labels, ::testing::UnorderedElementsAreArray(second.labels));
}

TEST(Loader, AugmentationChangesWithTheEpochAndSeed) {
  LoaderOptions options = Options();
  options.shuffle = false;
  const Epoch first = ReadEpoch(options, 0), second = ReadEpoch(options, 1);
  EXPECT_EQ(first.labels, second.labels);
  EXPECT_NE(first.pixels, second.pixels);
  options.seed = 6;
  EXPECT_NE(ReadEpoch(options, 0).pixels, first.pixels);
}

TEST(Loader, WithoutAugmentationPixelsAreThePicture) {
  LoaderOptions options = Options();
  options.shuffle = false;
  options.augmentation = {};
  const Epoch epoch = ReadEpoch(options, 0);
  const Tensor expected = ToTensor(Gradient(4, 4, 2), options.preprocessing);
  const std::vector<float> third(epoch.pixels.begin() + 2 * 48, epoch.pixels.begin() + 3 * 48);
  EXPECT_THAT(third, ::testing::ElementsAreArray(expected.Data<float>()));
}

TEST(Loader, ResumesInTheMiddleOfAnEpoch) {
  const Epoch whole = ReadEpoch(Options(), 2), rest = ReadEpoch(Options(), 2, 3);
  ASSERT_LT(rest.pixels.size(), whole.pixels.size());
  EXPECT_TRUE(std::equal(rest.pixels.rbegin(), rest.pixels.rend(), whole.pixels.rbegin()));
  EXPECT_EQ(rest.batch_sizes.size() + 3, whole.batch_sizes.size());
  EXPECT_TRUE(ReadEpoch(Options(), 2, 99).labels.empty());
}

TEST(Loader, StartEpochAbandonsTheOneBefore) {
  Loader loader(std::make_shared<Numbered>(50, std::set<int64_t>{7, 8, 33}), Options(4));
  EXPECT_FALSE(loader.Next()->has_value());
  for (int64_t epoch = 0; epoch < 20; ++epoch) {
    loader.StartEpoch(epoch);
    for (int64_t i = 0; i < epoch % 3; ++i) ASSERT_TRUE(loader.Next()->has_value());
  }
  loader.StartEpoch(3);
  EXPECT_EQ(ReadOn(loader), ReadEpoch(Options(1), 3));
}

TEST(Loader, LastBatchIsSmallerOrLeftOut) {
  LoaderOptions options = Options();
  options.drop_last = false;
  Loader with(std::make_shared<Numbered>(20), options);
  with.StartEpoch(0);
  EXPECT_EQ(with.batches_per_epoch(), 3);
  EXPECT_THAT(ReadOn(with).batch_sizes, ElementsAre(8, 8, 4));
  options.drop_last = true;
  Loader without(std::make_shared<Numbered>(20), options);
  without.StartEpoch(0);
  EXPECT_EQ(without.batches_per_epoch(), 2);
  EXPECT_THAT(ReadOn(without).batch_sizes, ElementsAre(8, 8));
}

TEST(Loader, BatchesLargerThanTheDataSetAreThatLarge) {
  LoaderOptions options = Options();
  options.batch_size = int64_t{1} << 40;
  Loader loader(std::make_shared<Numbered>(5), options);
  loader.StartEpoch(0);
  EXPECT_THAT(ReadOn(loader).batch_sizes, ElementsAre(5));
  options.drop_last = true;
  Loader none(std::make_shared<Numbered>(5), options);
  none.StartEpoch(0);
  EXPECT_TRUE(ReadOn(none).labels.empty());
}

TEST(Loader, ReportsABrokenPictureOnce) {
  std::vector<std::string> warnings;
  LoaderOptions options = Options();
  options.shuffle = false;
  options.on_warning = [&](const std::string& warning) { warnings.push_back(warning); };
  Loader loader(std::make_shared<Numbered>(20, std::set<int64_t>{3, 8, 9, 10, 11, 12, 13, 14, 15}),
                options);
  for (int64_t epoch = 0; epoch < 3; ++epoch) {
    loader.StartEpoch(epoch);
    EXPECT_THAT(ReadOn(loader).batch_sizes, ElementsAre(7, 4))
        << "the second batch has no good picture";
  }
  EXPECT_EQ(warnings.size(), 9u);
  EXPECT_EQ(warnings[0], "left out: picture 3: torn");
}

TEST(Loader, BatchesKnowTheirNumberWhereOneIsLeftOut) {
  LoaderOptions options = Options();
  options.shuffle = false;
  // Nothing is left of the second batch.
  Loader loader(std::make_shared<Numbered>(40, std::set<int64_t>{8, 9, 10, 11, 12, 13, 14, 15}),
                options);
  for (const int64_t first : {0, 1, 2}) {
    loader.StartEpoch(0, first);
    for (int64_t number = first; number < 5; ++number) {
      if (number == 1) continue;
      const auto batch = loader.Next();
      ASSERT_TRUE(batch->has_value());
      EXPECT_EQ((*batch)->number, number);
      EXPECT_EQ(LabelOf((*batch)->targets.front()), 8 * number);
    }
    EXPECT_FALSE(loader.Next()->has_value());
  }
}

TEST(Loader, ABatchWithTooFewGoodPicturesIsLeftOut) {
  LoaderOptions options = Options();
  options.shuffle = false;
  options.batch_size = 3;
  options.least_batch = 2;
  // One, two and three good pictures, and one for the last batch.
  Loader loader(std::make_shared<Numbered>(10, std::set<int64_t>{0, 2, 4}), options);
  loader.StartEpoch(0);
  EXPECT_THAT(ReadOn(loader).labels, ElementsAre(3, 5, 6, 7, 8));
}

TEST(Loader, TooManyBrokenPicturesAreAnError) {
  LoaderOptions options = Options();
  options.shuffle = false;
  options.max_broken_share = 0.01;
  Loader enough(std::make_shared<Numbered>(100, std::set<int64_t>{3}), options);
  enough.StartEpoch(0);
  EXPECT_EQ(ReadOn(enough).labels.size(), 99u);
  Loader loader(std::make_shared<Numbered>(100, std::set<int64_t>{3, 20}), options);
  loader.StartEpoch(0);
  EXPECT_TRUE(loader.Next());
  EXPECT_TRUE(loader.Next());
  const auto batch = loader.Next();
  ASSERT_FALSE(batch);
  EXPECT_THAT(batch.error().message, HasSubstr("2 of 100 pictures are broken, more than the 1 %"));
  EXPECT_THAT(batch.error().message, HasSubstr("picture 3"));
}

TEST(Loader, ReadsOnceWhenThePicturesFitInMemory) {
  LoaderOptions options = Options(3);
  const auto dataset = std::make_shared<Numbered>(30);
  for (const auto& [cache, reads] : {std::pair{30 * 48, 30}, {30 * 48 - 1, 30 + 90}}) {
    options.cache = Bytes{cache};
    Loader loader(dataset, options);
    Epoch last;
    for (int64_t epoch = 0; epoch < 3; ++epoch) {
      loader.StartEpoch(epoch);
      last = ReadOn(loader);
    }
    EXPECT_EQ(dataset->reads, reads);
    options.threads = 1;
    Loader fresh(std::make_shared<Numbered>(30), options);
    fresh.StartEpoch(2);
    EXPECT_EQ(ReadOn(fresh), last) << "keeping pictures changes nothing";
  }
}

TEST(Loader, EndsWhileThreadsAreBusy) {
  for (int i = 0; i < 20; ++i) {
    Loader loader(std::make_shared<Numbered>(1000), Options(4));
    loader.StartEpoch(0);
    EXPECT_TRUE(loader.Next());
  }
}

TEST(Loader, AnEmptyDataSetHasNoBatches) {
  Loader loader(std::make_shared<Numbered>(0), Options());
  loader.StartEpoch(0);
  EXPECT_FALSE(loader.Next()->has_value());
}

}  // namespace
}  // namespace disco
