// SPDX-License-Identifier: Apache-2.0
#include "disco/node/step_log.h"

#include <cstring>

#include "disco/base/text.h"

namespace disco {
namespace {

constexpr size_t kLongestName = 65535;
constexpr double kLongest = 1e12;  // ms: 30 years

// What stands before each name.
struct Head {
  double start, end;  // ms
  uint16_t kind, name;
  uint32_t zero;
};
static_assert(sizeof(Head) == 24);

double Ms(Clock::time_point time, Clock::time_point start) {
  return std::chrono::duration_cast<Milliseconds>(time - start).count();
}

}  // namespace

std::vector<std::byte> EncodeSteps(std::span<const StepTime> steps, Clock::time_point start) {
  std::vector<std::byte> bytes;
  for (const StepTime& step : steps) {
    const std::string_view name = step.name.substr(0, kLongestName);
    if (bytes.size() + sizeof(Head) + name.size() > kMostLogBytes) break;
    const Head head{Ms(step.start, start), Ms(step.end, start), static_cast<uint16_t>(step.kind),
                    static_cast<uint16_t>(name.size()), 0};
    const auto head_bytes = std::as_bytes(std::span(&head, 1)),
               text = std::as_bytes(std::span(name));
    bytes.insert(bytes.end(), head_bytes.begin(), head_bytes.end());
    bytes.insert(bytes.end(), text.begin(), text.end());
  }
  return bytes;
}

Result<std::vector<NodeStep>> DecodeSteps(std::span<const std::byte> bytes) {
  std::vector<NodeStep> steps;
  while (!bytes.empty()) {
    Head head{};
    if (bytes.size() < sizeof(head)) return Fail(ErrorKind::kPeer, "its timeline is cut short");
    std::memcpy(&head, bytes.data(), sizeof(head));
    bytes = bytes.subspan(sizeof(head));
    // False for what is no number, too. What is computed from times stays finite.
    const bool timed = head.start >= 0 && head.start <= head.end && head.end <= kLongest;
    if (!timed || bytes.size() < head.name || head.kind > static_cast<uint16_t>(StepKind::kReceive))
      return Fail(ErrorKind::kPeer, "its timeline makes no sense");
    std::string name(reinterpret_cast<const char*>(bytes.data()), head.name);
    steps.push_back({Printable(std::move(name)), static_cast<StepKind>(head.kind),
                     Milliseconds(head.start), Milliseconds(head.end)});
    bytes = bytes.subspan(head.name);
  }
  return steps;
}

}  // namespace disco
