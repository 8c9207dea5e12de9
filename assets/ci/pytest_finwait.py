"""A fixture for pytest: both ends of a TCP connection in the kernel, driven by `finwait do - --json`.

    def test_a_reader_is_told_of_the_end(finwait):
        finwait("server listen", "client connect", "server accept")
        step = finwait("client shutdown write")
        assert step.states["client"] == "FIN_WAIT2"
        assert finwait("server read").outcome == {"ok": {"read": {"n": 0, "data": ""}}}
"""

import json
import os
import shutil
import subprocess

import pytest


class Refused(Exception):
    """A command that finwait has not carried out: one sentence says why."""


class Step:
    """What happened from a command on until all was quiet."""

    def __init__(self, command, entries):
        self.command = command
        #: The objects that `finwait do --json` prints, in order.
        self.entries = entries

    def of_kind(self, kind):
        """The entries of that kind: call, outcome, packet, state, counters, ..."""
        return [entry for entry in self.entries if entry["kind"] == kind]

    @property
    def outcome(self):
        """What the last call returned, {"ok": ...} or {"err": NUMBER}; None while it waits."""
        outcomes = self.of_kind("outcome")
        return outcomes[-1]["outcome"] if outcomes else None

    @property
    def why(self):
        """The sentence that says why."""
        outcomes = self.of_kind("outcome")
        return outcomes[-1].get("why") if outcomes else None

    @property
    def states(self):
        """The state of each socket, by its name."""
        ends = self.entries[-1]["states"].values()
        return {socket["socket"]: socket["state"] for end in ends for socket in end}

    def counters(self, side):
        """How far the kernel's counters of that host moved, by nstat's name."""
        moved = {}
        for entry in self.of_kind("counters"):
            if entry["side"] == side:
                for name, by in entry["moved"].items():
                    moved[name] = moved.get(name, 0) + by
        return moved


class Finwait:
    """A lab; calling it carries out commands, and returns the Step of the last."""

    def __init__(self, program, *arguments):
        command = [program, *arguments, "do", "-", "--json", "--all-sockets"]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True)

    def __call__(self, *commands):
        step = None
        for command in commands:
            step = self._carry_out(command)
        return step

    def _carry_out(self, command):
        if "\n" in command:
            raise ValueError("a command is one line: " + repr(command))
        try:
            self.process.stdin.write(command + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass
        entries = []
        for line in self.process.stdout:
            entry = json.loads(line)
            entries.append(entry)
            if entry["kind"] == "refused":
                raise Refused(command + ": " + entry["why"])
            if entry["kind"] == "states":
                return Step(command, entries)
        raise Refused(f"finwait ended with status {self.process.wait()}: {self.process.stderr.read().strip()}")

    def close(self):
        """Ends the lab."""
        try:
            self.process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()


def pytest_addoption(parser):
    group = parser.getgroup("finwait")
    group.addoption("--finwait", metavar="PATH", help="the program [default: $FINWAIT, or finwait on the PATH]")
    group.addoption("--finwait-lab", default="isolated", help="the lab: isolated, loopback or auto [default: isolated]")


@pytest.fixture
def finwait(request):
    """A lab of its own for the test."""
    wanted = request.config.getoption("--finwait") or os.environ.get("FINWAIT") or "finwait"
    program = shutil.which(wanted)
    if program is None:
        pytest.fail(f"finwait is not there: {wanted}; --finwait PATH or $FINWAIT names it", pytrace=False)
    lab = Finwait(program, "--lab", request.config.getoption("--finwait-lab"))
    yield lab
    lab.close()
