// SPDX-License-Identifier: Apache-2.0
#include "disco/transport/stream.h"

#include <algorithm>
#include <cerrno>
#include <vector>

#include "disco/transport/wait.h"

namespace disco {

Result<size_t> Stream::ReadSome(std::span<std::byte> into) {
  if (size_ > 0) {
    const auto some = ahead().first(std::min(into.size(), size_));
    std::copy(some.begin(), some.end(), into.begin());
    begin_ += some.size();
    size_ -= some.size();
    return some.size();
  }
  DISCO_TRY(ended_);
  return Receive(into);
}

bool Stream::HasNews() {
  if (size_ > 0 || !ended_) return true;
  const Result<size_t> count = Receive(ahead_);
  begin_ = 0;
  size_ = count.value_or(0);
  if (!count) ended_ = tl::unexpected(count.error());
  return size_ > 0 || !ended_;
}

bool Stream::HasEnded() { return HasNews() && size_ == 0; }

Status WaitForNews(Stream& stream, Deadline deadline) {
  while (!stream.HasNews()) DISCO_TRY(Wait(stream.AwaitRead(), deadline));
  return {};
}

Result<size_t> WaitForNews(std::span<Stream* const> streams, Deadline deadline) {
  std::vector<pollfd> polls;
  while (true) {
    const auto first = std::ranges::find_if(streams, [](Stream* each) { return each->HasNews(); });
    if (first != streams.end()) return static_cast<size_t>(first - streams.begin());
    polls.clear();
    for (const Stream* each : streams) polls.push_back(each->AwaitRead());
    DISCO_TRY(Wait(polls, deadline));
  }
}

Status SendAll(Stream& stream, std::span<const std::byte> first, std::span<const std::byte> second,
               Deadline deadline) {
  while (true) {
    DISCO_ASSIGN(const size_t sent, stream.WriteSome(first, second));
    const size_t of_first = std::min(first.size(), sent);
    first = first.subspan(of_first);
    second = second.subspan(sent - of_first);
    if (first.empty() && second.empty()) return {};
    if (sent == 0) DISCO_TRY(Wait(stream.AwaitWrite(), deadline));
  }
}

Status ReceiveAll(Stream& stream, std::span<std::byte> into, Deadline deadline) {
  while (!into.empty()) {
    DISCO_ASSIGN(const size_t count, stream.ReadSome(into));
    into = into.subspan(count);
    if (count == 0) DISCO_TRY(Wait(stream.AwaitRead(), deadline));
  }
  return {};
}

Status SendSteadily(Stream& stream, std::span<const std::byte> bytes, const Pace& pace) {
  constexpr Milliseconds kLook{20};  // between looks at what has arrived, of which no event tells
  size_t sent = 0, arrived_at_start = 0;
  Deadline deadline = Deadline::In(pace.patience);
  while (!stream.HasNews()) {
    DISCO_ASSIGN(const size_t count, stream.WriteSome(bytes.subspan(sent), {}));
    sent += count;
    DISCO_ASSIGN(const size_t under_way, stream.UnderWay());
    const size_t arrived = sent - std::min(sent, under_way);
    if (arrived == bytes.size()) return {};
    if (arrived >= arrived_at_start + pace.block) {
      arrived_at_start = arrived;
      deadline = Deadline::In(pace.patience);
    }
    if (deadline.Passed()) {
      return Fail(ErrorKind::kDeadline, "{} of {} bytes arrived, and no {} more in {:g} s", arrived,
                  bytes.size(), pace.block, pace.patience.count() / 1e3);
    }
    std::array<pollfd, 2> polls = {stream.AwaitRead(), stream.AwaitWrite()};
    const size_t used = sent < bytes.size() ? 2 : 1;
    const Deadline look = Deadline::In(std::min(kLook, deadline.Left()));
    if (PollUntil(std::span(polls).first(used), look) < 0 && errno != EINTR)
      return CannotWait(errno);
  }
  return {};
}

}  // namespace disco
