"""Python stacks of every process of a rank, taken by py-spy.

py-spy samples one process and what descends from it, also what is born later; orphans get one of their own. It works in
turns of a minute at most: its memory stays small, and what was seen so far is out before the end. It does not stop the
processes while it reads their stacks (docs/performance.md has what each way costs).
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Optional

from hfai.engine.profiler.output import Output, Unavailable
from hfai.engine.profiler.rights import why_not
from hfai.engine.profiler.tree import TaskTree
from hfai.engine.supervise import prctl
from hfai.model.phrase import Phrase

NO_PY_SPY = "py-spy is not installed beside the engine: {python} -m pip install py-spy"
NO_PYTHON = "no process of the rank runs Python"
ALL_WAIT = "no Python thread ever ran, all of them waited: --idle shows where"
FAILED = "py-spy could not read the stacks of process {pid}: {reason}"
_TURN_S = 60.0
# Less than py-spy itself takes to find its way around in a process.
_SHORTEST_TURN_S = 0.2
# A process that has just been started may not be a Python yet, or not yet one whose stack can be read.
_RETRY_S = 0.5
# How long one that was told to stop may take to write; the supervisor of a task that has ended leaves us two seconds.
_WRITE_S = 1.5
# ... of which one that has only just been started may take so long to get to work.
_BEGIN_S, _GLANCE_S = 0.7, 0.01


class StackRecorder:
    """Keeps a py-spy at work on each tree of Python processes, and hands on what they have seen.

    Args:
        program: the path of py-spy, None where there is none.

    Raises:
        Unavailable: py-spy is not there.
    """

    def __init__(
        self,
        program: Optional[str],
        tree: TaskTree,
        output: Output,
        interval_s: float,
        ends_at: float,
        *,
        with_idle: bool,
    ) -> None:
        if program is None:
            raise Unavailable(Phrase(NO_PY_SPY, python=sys.executable))
        self._tree = tree
        self._output = output
        self._rate = max(1, round(1 / interval_s))
        self._ends_at = ends_at
        self._command = [program, "record", "--subprocesses", "--nonblocking", "--hideprogress", "--full-filenames"]
        self._command += ["--format", "speedscope", "--rate", str(self._rate), *(["--idle"] if with_idle else [])]
        self._spies: list[_Spy] = []
        self._covered: dict[tuple[int, int], _Spy] = {}
        self._retry_at: dict[int, float] = {}
        self._has_looked = self._has_seen = False
        self._problem: Optional[str] = None

    def next_at(self) -> Optional[float]:
        return None  # the end of a py-spy is a signal, new processes are seen at the next glance

    def turn(self, now: float) -> None:
        for spy in [spy for spy in self._spies if spy.has_ended]:
            self._harvest(spy, now)
        left_s = self._ends_at - now
        processes = self._tree.processes
        # What an unfinished py-spy has once seen in its tree it goes on seeing, also when it has become an orphan.
        for spy in self._spies:
            for pid in self._tree.below(spy.root):
                if pid in processes:
                    self._covered.setdefault((pid, processes[pid].start), spy)
        for root in self._tree.roots():
            if left_s < _SHORTEST_TURN_S or now < self._retry_at.get(root, 0.0):
                continue
            free = [pid for pid in self._tree.below(root) if (pid, processes[pid].start) not in self._covered]
            if root not in free:
                continue
            python = next(filter(is_python, free), None)
            if python is None:
                self._retry_at[root] = now + _RETRY_S
            else:
                self._spies.append(_Spy(self._command, root, python, min(_TURN_S, left_s)))

    def finish(self, now: float) -> None:
        deadline = now + _WRITE_S
        while not all(spy.has_begun or spy.has_ended for spy in self._spies) and time.monotonic() < now + _BEGIN_S:
            time.sleep(_GLANCE_S)
        for spy in self._spies:
            spy.stop()
        for spy in list(self._spies):
            spy.wait(max(0.0, deadline - time.monotonic()))
            self._harvest(spy, now)
        if not self._has_looked:
            raise Unavailable(self._problem or Phrase(NO_PYTHON))
        if not self._has_seen:
            raise Unavailable(Phrase(ALL_WAIT))

    def _harvest(self, spy: _Spy, now: float) -> None:
        """Take what a py-spy that has ended has written."""
        self._spies.remove(spy)
        self._covered = {key: one for key, one in self._covered.items() if one is not spy}
        body, said = spy.close()
        if body is not None:
            self._has_looked = True
            if body["profiles"]:
                self._has_seen = True
                self._output.stacks({**condensed(body), "interval_s": 1 / self._rate})
            return
        self._retry_at[spy.root] = now + _RETRY_S
        if not self._has_looked:
            problem = why_not(spy.python, self._command[0])
            if problem is not None:
                self._problem = problem
                if not self._spies:  # nobody should have to wait for the end to hear it
                    raise Unavailable(problem)
            elif said and is_python(spy.python):
                self._problem = Phrase(FAILED, pid=spy.python, reason=_reason(said))


class _Spy:
    """One py-spy at work.

    Attributes:
        root: the process whose tree it samples.
        python: a process of that tree with a Python in it.
    """

    def __init__(self, command: list[str], root: int, python: int, time_s: float) -> None:
        self.root = root
        self.python = python
        # Nothing on disk: nothing is left behind when we are killed.
        self._written = os.memfd_create("stacks")
        self._said = os.memfd_create("said")
        whole_s = math.ceil(time_s)  # py-spy counts in whole seconds; it is told to stop where that is too long
        self._process = subprocess.Popen(
            [*command, "--duration", str(whole_s), "--pid", str(root), "--output", f"/proc/self/fd/{self._written}"],
            stdin=subprocess.DEVNULL,
            stdout=self._said,
            stderr=self._said,
            pass_fds=[self._written],
            start_new_session=True,
            preexec_fn=_prepare,
        )

    @property
    def has_ended(self) -> bool:
        return self._process.poll() is not None

    @property
    def has_begun(self) -> bool:
        """Whether it samples, which it says; before that a SIGINT would end it without a word."""
        return os.fstat(self._said).st_size > 0

    def stop(self) -> None:
        """It is to write what it has."""
        self._process.send_signal(signal.SIGINT)

    def wait(self, timeout_s: float) -> None:
        """Until it has ended; it is killed if it takes longer."""
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def close(self) -> tuple[Optional[dict[str, Any]], str]:
        """What it has written, None if nothing of use, and what it had to say."""
        written, said = _taken(self._written), _taken(self._said)
        body = None
        with contextlib.suppress(ValueError):
            body = json.loads(written)
        return body, said.decode(errors="replace")


def _prepare() -> None:
    """In the child: signals as a program expects them; TERM goes to all of a task's processes and would lose its samples."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    prctl.die_with_parent(signal.SIGKILL)


def _taken(fd: int) -> bytes:
    try:
        size = os.fstat(fd).st_size
        return os.pread(fd, size, 0)
    finally:
        os.close(fd)


def find_py_spy() -> Optional[str]:
    """The py-spy that is installed with this interpreter, else the one in PATH."""
    import shutil
    from importlib import metadata

    with contextlib.suppress(metadata.PackageNotFoundError):
        for file in metadata.files("py-spy") or ():
            path = str(file.locate())
            if file.name == "py-spy" and os.access(path, os.X_OK):
                return path
    beside = str(Path(sys.executable).with_name("py-spy"))
    return beside if os.access(beside, os.X_OK) else shutil.which("py-spy")


def is_python(pid: int) -> bool:
    """Whether a process has a Python in it: the program itself, or as a library."""
    try:
        if os.path.basename(os.readlink(f"/proc/{pid}/exe")).startswith(("python", "pypy")):
            return True
        with open(f"/proc/{pid}/maps", "rb") as file:
            return b"/libpython" in file.read()
    except OSError:
        # Another user's: whoever tries to sample it gets to know why not.
        return os.path.exists(f"/proc/{pid}")


def _reason(said: str) -> str:
    """The line of py-spy's that says what is wrong."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    found = next((line for line in lines if line.startswith("Error: ")), lines[0] if lines else "")
    return found.removeprefix("Error: ")[:300]


def condensed(body: dict[str, Any]) -> dict[str, Any]:
    """py-spy's speedscope file without what is said twice: frames once, a stack in a row as a number.

    Returns:
        ``frames``: ``[name, file, line]``; ``threads``: per thread ``pid``, ``thread``, ``name``, ``command`` and ``samples``,
        a list of ``[stack, count]`` in the order of time, a stack being numbers of frames, the outermost first.
    """
    frames = [[frame["name"], frame.get("file") or "", frame.get("line") or 0] for frame in body["shared"]["frames"]]
    return {"frames": frames, "threads": [_thread(profile, frames) for profile in body["profiles"]]}


def _thread(profile: dict[str, Any], frames: list[list[Any]]) -> dict[str, Any]:
    """``name`` is ``Process PID Thread ID "NAME"``; the processes lead each stack as frames without a file."""
    words = profile["name"].split(" ", 4)
    runs: list[list[Any]] = []
    command = ""
    for stack in profile["samples"]:
        if runs and runs[-1][0] == stack:
            runs[-1][1] += 1
        else:
            runs.append([stack, 1])
    for run in runs:
        above = [number for number in run[0] if _is_process(frames[number])]
        command = frames[above[-1]][0].partition(":")[2].strip('"') if above else command
        run[0] = [number for number in run[0] if not _is_process(frames[number])]
    name = words[4].strip('"') if len(words) > 4 else ""
    return {"pid": int(words[1]), "thread": words[3], "name": name, "command": command, "samples": runs}


def _is_process(frame: list[Any]) -> bool:
    return not frame[1] and frame[0].startswith("process ")
