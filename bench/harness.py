"""What the measuring scripts share: the machine's name, two nodes on it, a shaped link between them, reports."""
import contextlib
import datetime
import hashlib
import itertools
import os
import platform
import signal
import subprocess
import sys
import threading
import time
import typing

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SPACES = ["disco-bench-0", "disco-bench-1"]
ADDRESSES = ["10.77.0.1", "10.77.0.2"]


def run(command, **options):
    done = subprocess.run(command, capture_output=True, text=True, **options)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}\n{done.stderr}")
    return done.stdout


def cpu_field(name, otherwise):
    with open("/proc/cpuinfo") as info:
        return next((line.split(":")[1].strip() for line in info if line.startswith(name)), otherwise)


def processor():
    return cpu_field("model name", platform.machine())


def cpu_level():
    """The vector instructions of this processor, by the name of their newest set that kernels use (disco/base/cpu_level.h)."""
    flags = cpu_field("flags", "").split()
    levels = [("avx512dq", "avx512"), ("avx2", "avx2"), ("avx", "avx"), ("sse4_1", "sse41")]
    return next((level for flag, level in levels if flag in flags), platform.machine())


def machine():
    return f"{os.cpu_count()} cores, {processor()}, Linux {platform.release()}"


@contextlib.contextmanager
def namespaces(bandwidth, burst):
    """Two namespaces, each with one end of a veth whose sending is limited to `bandwidth`, all but a `burst`."""
    bits = float(bandwidth.removesuffix("MB/s")) * 8

    def inside(space, *command):
        run(["ip", "netns", "exec", space, *command])

    for space in SPACES:
        subprocess.run(["ip", "netns", "del", space], capture_output=True)
    try:
        for space in SPACES:
            run(["ip", "netns", "add", space])
        run(["ip", "link", "add", "disco0", "netns", SPACES[0], "type", "veth", "peer", "name", "disco1", "netns", SPACES[1]])
        for i, (space, address) in enumerate(zip(SPACES, ADDRESSES)):
            inside(space, "ip", "link", "set", "lo", "up")
            inside(space, "ip", "addr", "add", f"{address}/24", "dev", f"disco{i}")
            inside(space, "ip", "link", "set", f"disco{i}", "up")
            inside(space, "tc", "qdisc", "add", "dev", f"disco{i}", "root", "tbf", "rate", f"{bits:g}mbit", "burst", burst,
                   "latency", "1s")
        yield
    finally:
        for space in SPACES:
            subprocess.run(["ip", "netns", "del", space], capture_output=True)


class Running(typing.NamedTuple):
    prefix: list  # the words in front of a caller's command
    endpoints: str
    processes: list


ports = itertools.count(7751)


@contextlib.contextmanager
def nodes(disco, shaped, options=((), ())):
    """Two nodes on cores 0 and 1, each with words of its own on its command line."""
    prefix = [["ip", "netns", "exec", space] if shaped else [] for space in SPACES]
    hosts = ADDRESSES if shaped else ["127.0.0.1", "127.0.0.1"]
    endpoints = [f"{host}:{next(ports)}" for host in hosts]
    running = []
    try:
        for i in range(2):
            running.append(subprocess.Popen(prefix[i] + ["taskset", "-c", str(i), disco, "node", "--listen", endpoints[i],
                                             *(["--insecure"] if shaped else []), *options[i]],
                                            stderr=subprocess.DEVNULL))
        time.sleep(0.5)
        yield Running(prefix[0], ",".join(endpoints), running)
    finally:
        for process in running:
            process.send_signal(signal.SIGTERM)
        for process in running:
            process.wait()


class Idleness:
    """Finds the moments in which cores 0 and 1 are free, on a machine that others use too: then the same hash takes both of them,
    at the same time, at most a fifth longer than ever. It knows nothing of the contestants, and judges only while none of them runs."""

    def __init__(self, minutes):
        self.end, self.turns, self.undisturbed, self.repeated = time.monotonic() + 60 * minutes, 0, 0, 0
        self.data = bytes(4 << 20)
        self.best = min(self._hash_on_both() for _ in range(200)) if minutes else 0

    def _hash_on_both(self):
        times = {}

        def work(core):
            os.sched_setaffinity(0, {core})  # of this thread
            start = time.perf_counter()
            hashlib.blake2b(self.data).digest()
            times[core] = time.perf_counter() - start

        threads = [threading.Thread(target=work, args=(core,)) for core in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return max(times.values())

    def _is_free(self):
        took = self._hash_on_both()
        self.best = min(self.best, took)
        return took <= 1.2 * self.best

    def watch(self, play):
        """What `play` returns of a turn that began and ended with both cores free; once the minutes are over, of any turn."""
        while True:
            began_free = bool(self.best) and self._is_free()
            if self.best and not began_free and time.monotonic() < self.end:
                time.sleep(0.05)
                continue
            result = play()
            time.sleep(0.1)  # threads of a pool spin for a while
            undisturbed = began_free and self._is_free()
            if undisturbed or time.monotonic() >= self.end:
                self.turns, self.undisturbed = self.turns + 1, self.undisturbed + undisturbed
                return result
            self.repeated += 1

    def __str__(self):
        if not self.best:
            return ""
        return (f"; {self.undisturbed} of {self.turns} turns began and ended when both cores were free; {self.repeated} others "
                "were played again")


def report(arguments, title, table):
    """Prints a table under what it was measured with; adds it to the file that --out names."""
    version = run([arguments.disco, "--version"]).strip()
    words = [os.path.basename(word) if os.path.exists(word) else word for word in sys.argv]
    text = "\n".join([f"{machine()}; {version}{title}; {datetime.date.today()}; `bench/{' '.join(words)}`", "", *table, ""])
    print(text)
    if arguments.out:
        with open(arguments.out, "a") as file:
            file.write(text + "\n")


def add_common(parser):
    parser.add_argument("--disco", default=os.path.join(ROOT, "build", "release", "bin", "disco"))
    parser.add_argument("--out", default="")
