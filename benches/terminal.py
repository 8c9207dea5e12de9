"""A program in a terminal of its own, for the scripts that measure one."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time
from pathlib import Path
from typing import Callable, NamedTuple

# Seconds that a program has to print what is waited for.
PATIENCE = 60


class Spent(NamedTuple):
    """What all threads of a program and its children have used so far."""

    wakeups: int
    cpu_ns: int


class Terminal:
    """A program in a terminal of 120x40."""

    def __init__(self, command: list):
        self.began = time.perf_counter()
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ["TERM"] = "xterm-256color"
            # The size before the program asks for it.
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
            os.execvp(str(command[0]), [str(word) for word in command])
        self.seen = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.kill(self.pid, signal.SIGTERM)
        try:
            while os.read(self.fd, 65536):
                pass
        except OSError:
            pass
        os.waitpid(self.pid, 0)
        os.close(self.fd)

    def until(self, is_there: Callable[[bytes], bool]) -> float:
        """Reads until what was printed is as asked; returns the seconds since the start."""
        while not is_there(self.seen):
            if not select.select([self.fd], [], [], PATIENCE)[0]:
                sys.exit(f"a program in a terminal did not come so far: {self.seen[-300:]!r}")
            self.seen += os.read(self.fd, 65536)
        return time.perf_counter() - self.began

    def press(self, keys: str) -> None:
        os.write(self.fd, keys.encode())

    def press_slowly(self, keys: str) -> None:
        """Presses one key after the other, each when the one before has been dealt with."""
        for key in keys:
            self.press(key)
            self.read(0.3)

    def read(self, time_s: float) -> bytes:
        """Returns what is printed in so many seconds."""
        seen, end = b"", time.monotonic() + time_s
        while (left := end - time.monotonic()) > 0:
            if select.select([self.fd], [], [], left)[0]:
                seen += os.read(self.fd, 65536)
        return seen

    def tasks(self) -> list[Path]:
        """Returns the threads of the program and of its children's children, as folders of procfs."""
        found, left = [], [self.pid]
        while left:
            for task in Path(f"/proc/{left.pop()}/task").iterdir():
                found.append(task)
                left += map(int, (task / "children").read_text().split())
        return found

    def spent(self) -> Spent:
        """Returns what it has used so far (proc_pid_status(5), Documentation/scheduler/sched-stats.rst)."""
        tasks = self.tasks()
        switches = [re.findall(r"ctxt_switches:\s+(\d+)", (task / "status").read_text()) for task in tasks]
        return Spent(
            wakeups=sum(int(count) for counts in switches for count in counts),
            cpu_ns=sum(int((task / "schedstat").read_text().split()[0]) for task in tasks),
        )

    def memory_mib(self) -> float:
        """Returns the most memory that the program itself has had, in MiB."""
        return int(re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{self.pid}/status").read_text())[1]) / 1024
