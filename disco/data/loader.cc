// SPDX-License-Identifier: Apache-2.0
#include "disco/data/loader.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <numeric>
#include <set>
#include <thread>

#include "disco/data/draft.h"
#include "disco/data/picture_source.h"

namespace disco {
namespace {

constexpr int64_t kReadyBatches = 2;

LoaderOptions Sane(LoaderOptions options, int64_t images) {
  if (!options.drop_last) options.batch_size = std::min(options.batch_size, images);
  options.batch_size = std::max<int64_t>(options.batch_size, 1);
  options.threads = std::clamp(options.threads, 1, 256);
  return options;
}

}  // namespace

// Threads take pictures in the order of the epoch, at most kReadyBatches batches ahead of the
// caller. Batch b lives in drafts_[b % kReadyBatches]. All members but source_ are guarded by
// mutex_ once threads run.
class Loader::Engine {
 public:
  Engine(std::shared_ptr<const Dataset> dataset, LoaderOptions options)
      : dataset_(std::move(dataset)),
        options_(Sane(std::move(options), dataset_->size())),
        source_(dataset_, options_) {
    for (int i = 0; i < options_.threads; ++i) threads_.emplace_back([this] { Run(); });
  }
  ~Engine() {
    {
      const std::lock_guard lock(mutex_);
      stop_ = true;
    }
    work_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }

  int64_t batches() const {
    const int64_t size = dataset_->size(), batch = options_.batch_size;
    return options_.drop_last ? size / batch : (size + batch - 1) / batch;
  }
  void Start(int64_t epoch, int64_t first_batch);
  Result<std::optional<Batch>> Next();

 private:
  int64_t Rows(int64_t batch) const {
    return std::min(options_.batch_size, dataset_->size() - batch * options_.batch_size);
  }
  Draft& DraftOf(int64_t batch) { return drafts_[batch % kReadyBatches]; }
  bool HasWork() const {
    return next_position_ / options_.batch_size <
               std::min(next_batch_ + kReadyBatches, end_batch_) &&
           next_position_ < dataset_->size();
  }
  void Run();
  void MakeOne(std::unique_lock<std::mutex>& lock);
  Draft TakeReady(std::unique_lock<std::mutex>& lock);
  Status Report(const Draft& draft, int64_t batch);

  const std::shared_ptr<const Dataset> dataset_;
  const LoaderOptions options_;
  PictureSource source_;

  std::mutex mutex_;
  std::condition_variable work_, done_;  // there is something to make; something was made
  bool stop_ = false;
  std::vector<int64_t> order_;  // indices in the order of the epoch
  uint64_t augment_seed_ = 0;
  int64_t next_position_ = 0;  // in order_: the first that no thread has taken
  int64_t next_batch_ = 0;     // the one that Next returns
  int64_t end_batch_ = 0;
  int in_flight_ = 0;  // pictures being made
  Draft drafts_[kReadyBatches];

  std::set<int64_t> broken_;  // indices; used by the caller's thread only
  std::vector<std::thread> threads_;
};

void Loader::Engine::Start(int64_t epoch, int64_t first_batch) {
  std::unique_lock lock(mutex_);
  end_batch_ = 0;  // no new pictures
  done_.wait(lock, [&] { return in_flight_ == 0; });
  order_.resize(static_cast<size_t>(dataset_->size()));
  std::iota(order_.begin(), order_.end(), int64_t{0});
  Random random(options_.seed, static_cast<uint64_t>(epoch));
  augment_seed_ = random();
  if (options_.shuffle) random.Shuffle(std::span(order_));
  next_batch_ = std::clamp<int64_t>(first_batch, 0, batches());
  next_position_ = next_batch_ * options_.batch_size;
  end_batch_ = batches();
  work_.notify_all();
}

void Loader::Engine::Run() {
  std::unique_lock lock(mutex_);
  while (true) {
    work_.wait(lock, [&] { return stop_ || HasWork(); });
    if (stop_) return;
    MakeOne(lock);
  }
}

// Takes the next position and fills its row, without the lock while it works.
void Loader::Engine::MakeOne(std::unique_lock<std::mutex>& lock) {
  const int64_t position = next_position_++;
  const int64_t batch = position / options_.batch_size, row = position % options_.batch_size;
  Draft& draft = DraftOf(batch);
  if (row == 0) draft = NewDraft(Rows(batch), options_.preprocessing.shape());
  const auto elements = static_cast<size_t>(options_.preprocessing.shape().elements());
  const std::span<float> pixels(draft.pixels + static_cast<size_t>(row) * elements, elements);
  const int64_t index = order_[static_cast<size_t>(position)];
  const uint64_t augment_seed = augment_seed_;
  ++in_flight_;
  lock.unlock();
  Result<Target> target = source_.Write(index, augment_seed, pixels);
  lock.lock();
  --in_flight_;
  if (target)
    draft.targets[static_cast<size_t>(row)] = std::move(*target);
  else
    draft.problems[static_cast<size_t>(row)] = target.error().message;
  if (--draft.missing == 0 || in_flight_ == 0) done_.notify_all();
}

Draft Loader::Engine::TakeReady(std::unique_lock<std::mutex>& lock) {
  const int64_t batch = next_batch_, size = options_.batch_size;
  done_.wait(lock, [&] {
    return next_position_ >= batch * size + Rows(batch) && DraftOf(batch).missing == 0;
  });
  Draft draft = std::move(DraftOf(batch));
  ++next_batch_;
  work_.notify_all();
  return draft;
}

// Warns of broken pictures not seen before; an error when there are too many.
Status Loader::Engine::Report(const Draft& draft, int64_t batch) {
  for (size_t row = 0; row < draft.problems.size(); ++row) {
    if (draft.problems[row].empty()) continue;
    const int64_t index = order_[static_cast<size_t>(batch * options_.batch_size) + row];
    if (!broken_.insert(index).second) continue;
    if (options_.on_warning) options_.on_warning("left out: " + draft.problems[row]);
  }
  const auto broken = static_cast<double>(broken_.size());
  if (broken <= options_.max_broken_share * static_cast<double>(dataset_->size())) return {};
  return Fail(
      ErrorKind::kInvalid,
      "{} of {} pictures are broken, more than the {:.3g} % that are accepted; one of them: {}",
      broken_.size(), dataset_->size(), 100 * options_.max_broken_share,
      dataset_->Describe(*broken_.begin()));
}

Result<std::optional<Batch>> Loader::Engine::Next() {
  std::unique_lock lock(mutex_);
  while (next_batch_ < end_batch_) {
    const int64_t batch = next_batch_;
    Draft draft = TakeReady(lock);
    lock.unlock();
    DISCO_TRY(Report(draft, batch));
    Batch result = GoodRows(std::move(draft), batch);
    if (static_cast<int64_t>(result.targets.size()) >= options_.least_batch)
      return std::optional(std::move(result));
    lock.lock();
  }
  return std::nullopt;
}

Loader::Loader(std::shared_ptr<const Dataset> dataset, LoaderOptions options)
    : engine_(std::make_unique<Engine>(std::move(dataset), std::move(options))) {}
Loader::~Loader() = default;
int64_t Loader::batches_per_epoch() const { return engine_->batches(); }
void Loader::StartEpoch(int64_t epoch, int64_t first_batch) { engine_->Start(epoch, first_batch); }
Result<std::optional<Batch>> Loader::Next() { return engine_->Next(); }

}  // namespace disco
