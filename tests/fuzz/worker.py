"""Processes that read spoilt files, so that one that hangs, grows or dies is seen from outside."""

from __future__ import annotations

import contextlib
import dataclasses
import multiprocessing
import os
import random
import resource
import shutil
import signal
import traceback
import warnings
from collections.abc import Iterator, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import ngcm_coupler
from fuzz.subject import Implausible, Subject
from ngcm_coupler.errors import NgcmError

PROCESSOR_SECONDS = 5.0
"""Longest time that a file may take, of all threads together."""

WALL_SECONDS = 120.0
"""After that a process which needs no processor is taken to wait for ever."""

ADDRESS_SPACE = 4 << 30
"""Bytes beyond which an allocation fails, lest the machine be harmed; a find all the same."""

MESSAGE_CHARACTERS = 1500
"""Longest line of an error message."""

PACKAGE = Path(ngcm_coupler.__file__).parent

_FORK = multiprocessing.get_context("fork")


@dataclasses.dataclass(frozen=True)
class Input:
    """A file to read: valid, spoilt as a seed has it, or of given bytes."""

    file: int
    seed: int | None = None
    data: bytes | None = None


@dataclasses.dataclass(frozen=True)
class Result:
    """What became of an input.

    Attributes:
      what: 'taken', 'refused', or what else happened, in a few words that are the same for inputs
        which fail alike.
      detail: digest, message or traceback.
      bytes: how far the memory grew.
      data: what was read.
      net: for a file that was refused by the outermost net of its reader, which takes what nobody
        has thought of, what that was.
    """

    what: str
    detail: str = ""
    bytes: int = 0
    data: bytes = b""
    net: str = ""


def seeded_input(subject: Subject, files: int, seed: int) -> Input:
    """The input of a seed: which file it spoils is drawn too."""
    return Input(random.Random(f"{subject.name} file {seed}").randrange(files), seed)


class Reader:
    """Reads inputs in processes of their own, one after the other."""

    def __init__(self, subject: Subject, folder: Path) -> None:
        """Makes the valid files; `folder` is empty."""
        self.subject = subject
        self._valid, self._scratch = folder / "valid", folder / "scratch"
        self._valid.mkdir()
        files = subject.make(self._valid)
        self.files = [file.relative_to(self._valid) for file in files]

    def results(self, inputs: Sequence[Input]) -> Iterator[Result]:
        """Gives the result of each input, in their order."""
        done = 0
        while done < len(inputs):
            for result in self._of_a_process(inputs[done : done + self.subject.batch]):
                done += 1
                yield result

    def _of_a_process(self, inputs: Sequence[Input]) -> Iterator[Result]:
        """The results of inputs up to the first that ends or stops the process."""
        shutil.rmtree(self._scratch, ignore_errors=True)
        shutil.copytree(self._valid, self._scratch)
        ours, theirs = _FORK.Pipe(duplex=False)
        process = _FORK.Process(target=self._read_all, args=(inputs, theirs))
        process.start()
        theirs.close()
        data = b""
        try:
            for _ in inputs:
                data = _received(ours)
                yield dataclasses.replace(_received(ours), data=data)
        except TimeoutError:
            yield Result(f"waits for more than {WALL_SECONDS:g} s", data=data)
        except EOFError:
            process.join()
            yield Result(_death(process.exitcode or 0), data=data)
        finally:
            process.kill()
            process.join()
            ours.close()

    def _read_all(self, inputs: Sequence[Input], pipe: Connection) -> None:
        """The life of such a process."""
        with Path(os.devnull).open("w") as nowhere:
            os.dup2(nowhere.fileno(), 1)
            os.dup2(nowhere.fileno(), 2)
        warnings.simplefilter("ignore")
        # What is imported or compiled once is nobody's memory or time.
        for file in self.files:
            with contextlib.suppress(Exception):
                self.subject.use(self._scratch / file)
        limit = _status("VmSize") + ADDRESS_SPACE
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        for one in inputs:
            file = self._scratch / self.files[one.file]
            whole = file.read_bytes()
            data = self._bytes_of(one, file, whole)
            pipe.send(data)
            file.write_bytes(data)
            pipe.send(_outcome(self.subject, file))
            file.write_bytes(whole)
        pipe.close()

    def _bytes_of(self, one: Input, file: Path, whole: bytes) -> bytes:
        if one.data is not None:
            return one.data
        if one.seed is None:
            return whole
        return self.subject.mutate(random.Random(f"{self.subject.name} {one.seed}"), file)


def _received(pipe: Connection) -> Any:
    if not pipe.poll(WALL_SECONDS):
        raise TimeoutError
    return pipe.recv()


def _death(code: int) -> str:
    if code == -signal.SIGPROF:
        return f"needs more than {PROCESSOR_SECONDS:g} s"
    return f"dies of {signal.Signals(-code).name}" if code < 0 else f"exits with {code}"


def _outcome(subject: Subject, file: Path) -> Result:
    Path("/proc/self/clear_refs").write_text("5")  # the peak is what there is now
    before = _status("VmHWM")
    signal.setitimer(signal.ITIMER_PROF, PROCESSOR_SECONDS)
    try:
        result = Result("taken", subject.use(file))
    except NgcmError as error:
        result = _refusal(error)
    except BaseException as error:
        result = Result(_failure(error), "".join(traceback.format_exception(error)))
    signal.setitimer(signal.ITIMER_PROF, 0.0)
    return dataclasses.replace(result, bytes=_status("VmHWM") - before)


def _refusal(error: NgcmError) -> Result:
    """An error of the project counts unless it stands for lack of memory or cannot be read."""
    text = "\n".join([str(error), *getattr(error, "__notes__", ())])
    if any(isinstance(each, MemoryError) for each in _chain(error)):
        return Result("asks for more memory than there may be", text)
    lines = text.splitlines() or [""]
    if len(max(lines, key=len)) > MESSAGE_CHARACTERS:
        return Result(f"message without end{_place(error)}", text)
    if not all(line.isprintable() for line in lines):
        return Result(f"message with control characters{_place(error)}", text)
    cause = error.__cause__
    caught = cause is not None and f"unexpected {type(cause).__name__}: " in text
    return Result("refused", text, net=_failure(cause) if caught else "")


def _failure(error: BaseException) -> str:
    if isinstance(error, Implausible):
        return f"implausible: {error}"
    return f"{type(error).__name__}{_place(error)}"


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _place(error: BaseException) -> str:
    """Where in the package an exception comes from."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if Path(frame.filename).is_relative_to(PACKAGE)]
    if not own:
        return ""
    return f" at {Path(own[-1].filename).relative_to(PACKAGE)}:{own[-1].lineno}"


def _status(name: str) -> int:
    """Bytes of memory of this process, as Linux calls them."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1]) * 1024
    raise LookupError(name)
