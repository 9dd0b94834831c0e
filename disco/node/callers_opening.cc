// SPDX-License-Identifier: Apache-2.0
#include "disco/node/callers_opening.h"

#include <numeric>
#include <random>
#include <system_error>
#include <thread>

#include "disco/base/hash.h"
#include "disco/onnx/onnx.h"
#include "disco/transport/connect.h"
#include "disco/transport/reach.h"

namespace disco {
namespace {

std::string RandomName() {
  std::random_device device;
  const auto word = [&device] { return uint64_t{device()} << 32 | device(); };
  return HashText(word()) + HashText(word());
}

}  // namespace

CallersOpening::CallersOpening(const std::vector<Endpoint>& endpoints, const Cut& cut,
                               const SessionOptions& options)
    : endpoints_(endpoints),
      cut_(cut),
      options_(options),
      deadline_(options.deadline.value_or(kUsualDeadline)),
      session_(RandomName()),
      ready_(endpoints.size()),
      channels_(endpoints.size()) {}

Result<CallersOpening::Opened> CallersOpening::Run() {
  DISCO_TRY(CheckReach());
  DISCO_TRY(MakeAllReady());
  DISCO_TRY(LinkAll());
  Opened opened{.ready = std::move(ready_)};
  for (size_t node = 0; node < endpoints_.size(); ++node)
    opened.peers.push_back({channels_[node].TakeStream(), NameOf(node)});
  opened.peers.emplace_back();
  return opened;
}

std::string CallersOpening::NameOf(size_t node) const {
  const int number = node < options_.called.size() ? options_.called[node] : static_cast<int>(node);
  return fmt::format("node {} ({})", number, ToString(endpoints_[node]));
}

Error CallersOpening::Named(size_t node, const Error& error) const {
  std::string message = NameOf(node) + ": " + error.message;
  if (error.kind == ErrorKind::kDeadline) {
    message += fmt::format("; is a disco node there? A longer --deadline gives it more than {:g} s",
                           deadline_.count() / 1e3);
  }
  return {error.kind, std::move(message)};
}

// A node connects to those before it, wherever it is itself.
Status CallersOpening::CheckReach() const {
  const Deadline deadline = Deadline::In(deadline_);
  std::optional<size_t> loopback;  // the first of that kind
  for (size_t node = 0; node < endpoints_.size() && endpoints_.size() > 1; ++node) {
    const auto reach = ReachOf(endpoints_[node], deadline);
    if (!reach) return tl::unexpected(Named(node, reach.error()));
    if (*reach == Reach::kLoopback && !loopback) loopback = node;
    if (*reach != Reach::kElsewhere || !loopback) continue;
    return Fail(
        ErrorKind::kUsage,
        "{} cannot reach {}: nodes connect to one another by the endpoints that the caller "
        "names, and on another machine {} is that machine itself. Name each node by its "
        "address in the network, and start it with: disco node --listen ADDRESS:PORT --keys DIR",
        NameOf(node), NameOf(*loopback), endpoints_[*loopback].host);
  }
  return {};
}

Status CallersOpening::MakeAllReady() {
  std::vector<std::jthread> threads;
  try {
    for (size_t node = 0; node < endpoints_.size(); ++node) {
      threads.emplace_back([this, node] {
        if (const Status status = MakeReady(node); !status) GiveUp(Named(node, status.error()));
      });
    }
  } catch (const std::system_error& error) {
    GiveUp({ErrorKind::kIo,
            fmt::format("no thread for each of {} nodes: {}", endpoints_.size(), error.what())});
  }
  threads.clear();  // joins
  return outcome_;
}

Status CallersOpening::MakeReady(size_t node) try {
  HelloReply reply;
  {
    DISCO_ASSIGN(const std::string shard, SerializeOnnx(cut_.shards[node]));
    DISCO_ASSIGN(reply, SendHello(node, shard));
    if (reply.need_shard) {
      DISCO_TRY(channels_[node].Send(Frame(FrameKind::kShard), shard, deadline_));
    }
  }
  FrameHeader expected = Frame(FrameKind::kReady);
  expected.size = kMaxText;
  DISCO_ASSIGN(const std::string text, channels_[node].Receive(expected, Deadline::In(deadline_)));
  DISCO_ASSIGN(ready_[node], ReadyFromJson(text));
  return {};
} catch (const std::bad_alloc&) {
  return Fail(ErrorKind::kIo, "its shard does not fit into the memory of this machine once more");
}

Result<HelloReply> CallersOpening::SendHello(size_t node, const std::string& shard) {
  const Hello hello{.role = Hello::Role::kCaller,
                    .session = session_,
                    .node = static_cast<int>(node),
                    .nodes = static_cast<int>(endpoints_.size()),
                    .shard_hash = Hash(std::as_bytes(std::span(shard))),
                    .shard_size = Bytes{static_cast<int64_t>(shard.size())},
                    .deadline = deadline_ * kNodeDeadlineShare,
                    .program = options_.program,
                    .shape = options_.shape,
                    .listen = endpoints_};
  const Deadline deadline = Deadline::In(deadline_);
  DISCO_ASSIGN(auto stream, Connect(endpoints_[node], deadline, options_.keys));
  DISCO_TRY(KeepChannel(node, Channel(std::move(stream))));
  DISCO_TRY(channels_[node].Send(Frame(FrameKind::kHello), ToJson(hello), deadline));
  FrameHeader expected = Frame(FrameKind::kHelloReply);
  expected.size = kMaxText;
  DISCO_ASSIGN(const std::string text, channels_[node].Receive(expected, deadline));
  return HelloReplyFromJson(text);
}

Status CallersOpening::KeepChannel(size_t node, Channel channel) {
  const std::lock_guard lock(mutex_);
  DISCO_TRY(outcome_);
  channels_[node] = std::move(channel);
  return {};
}

void CallersOpening::GiveUp(Error error) {
  const std::lock_guard lock(mutex_);
  if (!outcome_) return;
  outcome_ = tl::unexpected(std::move(error));
  for (const Channel& channel : channels_) {
    if (channel.connected()) channel.Shutdown();
  }
}

// The nodes answer in the order in which they are done.
Status CallersOpening::LinkAll() {
  const Deadline deadline = Deadline::In(deadline_);
  std::vector<size_t> waiting(channels_.size());
  std::iota(waiting.begin(), waiting.end(), size_t{0});
  const auto named = [this](size_t node, const Error& error) {
    return tl::unexpected(Named(node, error));
  };
  for (const size_t node : waiting) {
    const Status sent = channels_[node].Send(Frame(FrameKind::kLink), "", deadline);
    if (!sent) return named(node, sent.error());
  }
  while (!waiting.empty()) {
    std::vector<Stream*> streams;
    for (const size_t node : waiting) streams.push_back(&channels_[node].stream());
    const auto first = WaitForNews(streams, deadline);
    if (!first) return named(waiting[0], first.error());
    const size_t node = waiting[*first];
    const auto text = channels_[node].Receive(Frame(FrameKind::kLinked), deadline);
    if (!text) return named(node, text.error());
    waiting.erase(waiting.begin() + static_cast<ptrdiff_t>(*first));
  }
  return {};
}

}  // namespace disco
