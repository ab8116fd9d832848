"""One profile of one rank: a loop that wakes for the next sample, a signal, or the end."""

from __future__ import annotations

import contextlib
import json
import signal
import sys
import time
from typing import Optional, Protocol

from hfai.engine.profiler.output import Output, Unavailable
from hfai.engine.profiler.tree import TaskTree
from hfai.model.profiling import ProfileOptions, profile_options

# INT: whoever asked has seen enough; TERM: the task is being stopped or has ended; HUP: nobody is there any more.
_ENDS = {signal.SIGINT: "asked", signal.SIGTERM: "task", signal.SIGHUP: "asked"}
_WAITED_FOR = {*_ENDS, signal.SIGCHLD}
# How late new processes are noticed at the most, and the end of the task where its supervisor does not say so first.
_GLANCE_S = 1.0


class Recorder(Protocol):
    """Samples one kind of thing. All times are of ``time.monotonic``."""

    def next_at(self) -> Optional[float]:
        """When :meth:`turn` is due; None: no sooner than that of others, or at the next glance."""
        ...

    def turn(self, now: float) -> None:
        """Take a sample if one is due.

        Raises:
            Unavailable: it cannot go on; it is not asked again.
        """
        ...

    def finish(self, now: float) -> None:
        """Write what has not been written yet, and leave nothing behind."""
        ...


def main() -> int:
    """Profile the rank whose supervisor is the parent of this process.

    The first argument holds the options as JSON (:meth:`hfai.model.profiling.ProfileOptions.to_wire`). Blocks for the
    time that they name at most.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, _WAITED_FOR)
    # A child that nobody waits for by name: its end is a signal for the loop.
    signal.signal(signal.SIGCHLD, lambda signum, frame: None)
    options = profile_options(**json.loads(sys.argv[1]))
    output = Output()
    with contextlib.suppress(BrokenPipeError):  # nobody reads any more
        Profiler(options, TaskTree.of_this_guest(), output).run()
    return 0


class Profiler:
    """The loop.

    Args:
        options: what to sample and for how long.
        tree: the processes of the rank.
        output: where it goes.
    """

    def __init__(self, options: ProfileOptions, tree: TaskTree, output: Output) -> None:
        self._options = options
        self._tree = tree
        self._output = output
        self._began = time.monotonic()
        self._ends_at = self._began + options.time_s
        self._recorders: dict[str, Recorder] = {}

    def run(self) -> None:
        """Sample until the time is up, the task has ended or a signal says so."""
        self._output.begin(self._tree.supervisor)
        self._tree.look()
        for name in self._options.recorders:
            try:
                self._recorders[name] = self._open(name)
            except Unavailable as error:
                self._output.skip(name, error.why)
        ended_by = "time" if self._recorders else "nothing"
        while self._recorders:
            now = time.monotonic()
            if now >= self._ends_at:
                break
            self._tree.look()
            if not self._tree.processes:
                ended_by = "task"
                break
            for name, recorder in list(self._recorders.items()):
                self._turn(name, recorder, now)
            caught = signal.sigtimedwait(_WAITED_FOR, max(0.0, self._wake_at(now) - time.monotonic()))
            said = _ENDS.get(signal.Signals(caught.si_signo)) if caught else None
            if said:
                ended_by = said
                break
        elapsed_s = time.monotonic() - self._began
        for name, recorder in list(self._recorders.items()):
            try:
                recorder.finish(time.monotonic())
            except Unavailable as error:
                self._output.skip(name, error.why)
        self._output.end(ended_by, min(elapsed_s, self._options.time_s))

    def _open(self, name: str) -> Recorder:
        """The recorder of a name.

        Raises:
            Unavailable: it cannot sample anything here.
        """
        interval_s = self._options.intervals_s[name]
        # Each is imported where it is used: what it needs may be missing.
        if name == "basic":
            from hfai.engine.profiler.basic import BasicRecorder

            return BasicRecorder(self._tree, self._output, self._began, interval_s)
        if name == "gpu":
            from hfai.engine.profiler.gpu import GpuRecorder

            return GpuRecorder(self._tree, self._output, self._began, interval_s)
        from hfai.engine.profiler.stacks import StackRecorder, find_py_spy

        with_idle = self._options.with_idle
        return StackRecorder(find_py_spy(), self._tree, self._output, interval_s, self._ends_at, with_idle=with_idle)

    def _turn(self, name: str, recorder: Recorder, now: float) -> None:
        try:
            recorder.turn(now)
        except Unavailable as error:
            self._output.skip(name, error.why)
            del self._recorders[name]

    def _wake_at(self, now: float) -> float:
        due = [at for at in (recorder.next_at() for recorder in self._recorders.values()) if at is not None]
        return min(self._ends_at, now + _GLANCE_S, *due)

