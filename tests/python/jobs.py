"""Jobs of several processes: started, sabotaged, and seen to their end."""

from __future__ import annotations

import os
import pathlib
import re
import signal
import subprocess
import time
from collections.abc import Sequence

LIMIT = 30.0
"""Within which nothing may be left of a job after a fault, or after its time-out [s]."""

_START = 120.0
"""Within which a job must have got to its fault: it shares the machine with others [s]."""

_POLL = 0.05

Command = Sequence[str | pathlib.Path]


def sabotage(plan: str) -> dict[str, str]:
    """The environment in which a program does what `saboteur/sitecustomize.py` makes of a plan."""
    folders = [str(pathlib.Path(__file__).parent / "saboteur")]
    if others := os.environ.get("PYTHONPATH"):
        folders.append(others)
    return {"PYTHONPATH": os.pathsep.join(folders), "SABOTAGE": plan}


def one_error(said: str) -> str:
    """The only message of an error in what a job has said, without what MPI adds to it."""
    messages = re.findall(r"^ngcm: error .*", said, re.MULTILINE)
    assert len(messages) == 1, said
    return messages[0]


class Job:
    """A command in a session of its own, by which all its processes are known.

    Attributes:
      process: the command itself.
      folder: where it runs; ``out.txt`` and ``err.txt`` there are what it prints.
    """

    def __init__(
        self, command: Command, folder: pathlib.Path = pathlib.Path(), **environment: str
    ) -> None:
        self.folder = folder
        self._struck = folder / "struck" if "SABOTAGE" in environment else None
        if self._struck is not None:
            self._struck.unlink(missing_ok=True)
        with self._file("out").open("wb") as out, self._file("err").open("wb") as err:
            self.process = subprocess.Popen(
                command, cwd=folder, env=os.environ | environment, stdout=out, stderr=err,
                start_new_session=True,
            )  # fmt: skip

    @property
    def out(self) -> str:
        return self._file("out").read_text(errors="replace")

    @property
    def err(self) -> str:
        return self._file("err").read_text(errors="replace")

    def members(self) -> dict[int, str]:
        """The processes, number -> name, without those that only wait to be collected."""
        found = {}
        for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
            try:
                number, _, rest = stat.read_text().partition(" (")
            except OSError:
                continue
            name, _, rest = rest.rpartition(") ")
            state, _, _, session, *_ = rest.split()
            if int(session) == self.process.pid and state != "Z":
                found[int(number)] = name
        return found

    def ended(self, limit: float = LIMIT) -> int:
        """Waits until nothing is left of it, so long after its fault at most; its exit code.

        A job that is sabotaged has its fault when that strikes, any other now.
        """
        try:
            self._await_fault()
            deadline = time.monotonic() + limit
            while (left := self.members()) and time.monotonic() < deadline:
                self.process.poll()
                time.sleep(_POLL)
            assert not left, f"{left} are left\n{self.out}{self.err}"
        finally:
            self.kill()
        return self.process.wait()

    def kill(self) -> None:
        """Leaves no process of it."""
        for number in self.members():
            os.kill(number, signal.SIGKILL)
        self.process.wait()

    def _await_fault(self) -> None:
        deadline = time.monotonic() + _START
        while self._struck is not None and not self._struck.exists():
            assert self.process.poll() is None, f"no fault has struck\n{self.out}{self.err}"
            assert time.monotonic() < deadline, f"no fault has struck\n{self.out}{self.err}"
            time.sleep(_POLL)

    def _file(self, name: str) -> pathlib.Path:
        return self.folder / f"{name}.txt"
