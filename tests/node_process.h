// SPDX-License-Identifier: Apache-2.0
// A real `disco node` process for tests: started on a free port, killed with the object.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <string>
#include <vector>

#include "disco/transport/endpoint.h"

namespace disco {

class NodeProcess {
 public:
  explicit NodeProcess(uint16_t port = 0, const std::vector<std::string>& more = {}) {
    int ends[2];
    EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
    pid_ = fork();
    if (pid_ == 0) {
      dup2(ends[1], STDERR_FILENO);
      const std::string listen = "127.0.0.1:" + std::to_string(port);
      std::vector<const char*> argv = {DISCO_BINARY, "node", "--listen", listen.c_str()};
      for (const std::string& word : more) argv.push_back(word.c_str());
      argv.push_back(nullptr);
      execv(DISCO_BINARY, const_cast<char**>(argv.data()));
      _exit(127);
    }
    close(ends[1]);
    log_ = ends[0];
    endpoint_ = {"127.0.0.1", ReadPort()};
  }
  ~NodeProcess() {
    if (pid_ > 0) {
      Signal(SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
    close(log_);
  }
  NodeProcess(const NodeProcess&) = delete;
  NodeProcess& operator=(const NodeProcess&) = delete;

  const Endpoint& endpoint() const { return endpoint_; }
  void Signal(int signal) const { kill(pid_, signal); }
  // Returns when it has stopped: a signal alone leaves its threads a moment on other processors.
  void Stop() const {
    Signal(SIGSTOP);
    EXPECT_EQ(waitpid(pid_, nullptr, WUNTRACED), pid_);
  }
  // Takes effect at once: what the process has beyond it, it keeps.
  void Limit(__rlimit_resource resource, uint64_t most) const {
    const rlimit limit{most, most};
    EXPECT_EQ(prlimit(pid_, resource, &limit, nullptr), 0);
  }
  // Waits for its end, after which there is nothing to ask it any more; returns waitpid's status.
  int AwaitEnd() {
    int status = 0;
    EXPECT_EQ(waitpid(pid_, &status, 0), pid_);
    pid_ = -1;
    return status;
  }
  bool Alive() const { return waitpid(pid_, nullptr, WNOHANG) == 0; }

  // Memory in use, and address space taken, in bytes.
  int64_t Resident() const { return Statm(1); }
  int64_t AddressSpace() const { return Statm(0); }

  // The most memory in use since ForgetPeak, in bytes.
  int64_t Peak() const {
    std::ifstream file("/proc/" + std::to_string(pid_) + "/status");
    for (std::string word; file >> word;) {
      int64_t kilobytes = 0;
      if (word == "VmHWM:" && file >> kilobytes) return kilobytes * 1024;
    }
    return 0;
  }
  void ForgetPeak() const { std::ofstream("/proc/" + std::to_string(pid_) + "/clear_refs") << "5"; }

 private:
  int64_t Statm(int field) const {
    std::ifstream file("/proc/" + std::to_string(pid_) + "/statm");
    int64_t pages = 0;
    for (int i = 0; i <= field; ++i) file >> pages;
    return pages * sysconf(_SC_PAGESIZE);
  }

  // The first line of its log says where it listens.
  uint16_t ReadPort() const {
    std::string line;
    for (char c = 0; read(log_, &c, 1) == 1 && c != '\n';) line += c;
    const size_t address = line.find("127.0.0.1:");
    EXPECT_NE(address, std::string::npos) << line;
    return address == std::string::npos
               ? 0
               : static_cast<uint16_t>(std::stoi(line.substr(address + 10)));
  }

  pid_t pid_ = -1;
  int log_ = -1;
  Endpoint endpoint_;
};

}  // namespace disco
