// SPDX-License-Identifier: Apache-2.0
#include "tests/conv_sweep/child.h"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <optional>
#include <vector>

#include "disco/train/machine.h"
#include "tests/conv_sweep/guard_pages.h"

namespace disco {
namespace {

// A case takes milliseconds; one that takes this long on the busiest machine does not end.
constexpr int kPatienceMs = 60000;
constexpr const char* kNothingWrong = "right";

class Child {
 public:
  explicit Child(const SweepPart& part) {
    int ends[2];
    if (pipe(ends) != 0) Give("pipe");
    pid_ = fork();
    if (pid_ < 0) Give("fork");
    if (pid_ == 0) {
      dup2(ends[1], STDOUT_FILENO);
      close(ends[0]);
      close(ends[1]);
      Start(part);
    }
    close(ends[1]);
    from_ = ends[0];
  }
  ~Child() {
    kill(pid_, SIGKILL);
    close(from_);
    if (!waited_) waitpid(pid_, nullptr, 0);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  // Nothing at the end of what the process prints, or when it is silent for too long.
  std::optional<std::string> ReadLine() {
    for (size_t end; (end = text_.find('\n')) == std::string::npos;) {
      pollfd ready{from_, POLLIN, 0};
      silent_ = poll(&ready, 1, kPatienceMs) == 0;
      char bytes[4096];
      const ssize_t count = silent_ ? 0 : read(from_, bytes, sizeof bytes);
      if (count <= 0) return std::nullopt;
      text_.append(bytes, static_cast<size_t>(count));
    }
    const size_t end = text_.find('\n');
    std::string line = text_.substr(0, end);
    text_.erase(0, end + 1);
    return line;
  }

  // Why there are no more lines.
  std::string HowItEnded() {
    if (silent_) return "does not end";
    int status = 0;
    waitpid(pid_, &status, 0);
    waited_ = true;
    if (WIFSIGNALED(status)) return fmt::format("crashes ({})", strsignal(WTERMSIG(status)));
    return fmt::format("ends the process with {}", WEXITSTATUS(status));
  }

 private:
  [[noreturn]] static void Give(const char* what) {
    perror(what);
    exit(2);
  }

  [[noreturn]] static void Start(const SweepPart& part) {
    setenv("GOMP_SPINCOUNT", "20000", 0);  // as disco-train does
    std::vector<std::string> words = {
        "conv_sweep", "--child", fmt::format("--threads={}", part.threads),
        fmt::format("--first={}", part.first), fmt::format("--end={}", part.end)};
    if (part.route == ConvRoute::kLibTorch) words.push_back("--libtorch");
    std::vector<const char*> argv;
    for (const std::string& word : words) argv.push_back(word.c_str());
    argv.push_back(nullptr);
    execv("/proc/self/exe", const_cast<char**>(argv.data()));
    Give("exec");
  }

  pid_t pid_ = -1;
  int from_ = -1;
  std::string text_;
  bool silent_ = false, waited_ = false;
};

}  // namespace

void RunPart(const SweepPart& part, const std::function<void(const Finding&)>& found) {
  SweepPart rest = part;
  while (rest.first < rest.end) {
    Child child(rest);
    while (rest.first < rest.end) {
      const auto number = child.ReadLine();
      const auto verdict = number ? child.ReadLine() : std::nullopt;
      if (!verdict) {
        found({rest.first++, child.HowItEnded()});
        break;
      }
      if (*verdict != kNothingWrong) found({rest.first, *verdict});
      ++rest.first;
    }
  }
}

int RunChild(const SweepPart& part) {
  UseGuardPages();
  UseThreads(part.threads);
  for (int64_t number = part.first; number < part.end; ++number) {
    fmt::print("{}\n", number);
    fflush(stdout);
    const std::string verdict = CheckConv(MakeConvCase(number, part.bf16), part.route);
    fmt::print("{}\n", verdict.empty() ? kNothingWrong : verdict);
    fflush(stdout);
  }
  return 0;
}

}  // namespace disco
