"""Stacks of many threads, put together from what the profiler sends piece by piece."""

from __future__ import annotations

from typing import Any, Iterator, Mapping, NamedTuple


class Frame(NamedTuple):
    """A place in a program: a function, its file, and the line that was being run."""

    function: str
    file: str
    line: int


class HotFunction(NamedTuple):
    """A function and its part in a profile.

    Attributes:
        function, file: which.
        line: the line of it that was seen most.
        self_share: the share of all samples in which it was running itself, 0 to 1.
        total_share: ... in which it was running, or waiting for what it had called.
    """

    function: str
    file: str
    line: int
    self_share: float
    total_share: float


class ThreadStacks:
    """What was seen of one thread.

    Attributes:
        pid, name, command: which thread it is.
        samples: pairs of a stack, outermost frame first, and how often it was seen in a row, in the order of time.
    """

    def __init__(self, pid: int, thread: str, name: str, command: str) -> None:
        self.pid = pid
        self.thread = thread
        self.name = name
        self.command = command
        self.samples: list[tuple[tuple[int, ...], int]] = []

    @property
    def count(self) -> int:
        """How many samples there are of it."""
        return sum(count for _, count in self.samples)

    @property
    def title(self) -> str:
        """How it is named where there are several: process, then thread."""
        return f"process {self.pid} {self.command}".rstrip() + f", thread {self.name or self.thread}"


class Stacks:
    """The stacks of a rank.

    Attributes:
        frames: every place that was seen; stacks hold positions in it.
        threads: in the order in which they appeared.
        interval_s: seconds between two samples.
    """

    def __init__(self) -> None:
        self.frames: list[Frame] = []
        self.threads: list[ThreadStacks] = []
        self.interval_s = 0.01
        self._numbers: dict[Frame, int] = {}
        self._threads: dict[tuple[int, str], ThreadStacks] = {}

    @property
    def count(self) -> int:
        """How many samples there are in all."""
        return sum(thread.count for thread in self.threads)

    def add(self, piece: Mapping[str, Any]) -> None:
        """Take one piece of the profiler's (docs/architecture.md, "Profiling")."""
        self.interval_s = float(piece["interval_s"])
        numbers = [self._number(Frame(str(name), str(file), int(line))) for name, file, line in piece["frames"]]
        for body in piece["threads"]:
            key = (int(body["pid"]), str(body["thread"]))
            if key not in self._threads:
                self._threads[key] = ThreadStacks(*key, str(body["name"]), str(body["command"]))
                self.threads.append(self._threads[key])
            thread = self._threads[key]
            thread.samples += [(tuple(numbers[at] for at in stack), int(count)) for stack, count in body["samples"]]

    def _number(self, frame: Frame) -> int:
        if frame not in self._numbers:
            self._numbers[frame] = len(self.frames)
            self.frames.append(frame)
        return self._numbers[frame]

    def hottest(self, most: int) -> list[HotFunction]:
        """The functions in which most samples fell, at most so many; those that ran themselves first."""
        own: dict[tuple[str, str], int] = {}
        total: dict[tuple[str, str], int] = {}
        lines: dict[tuple[str, str], dict[int, int]] = {}
        for stack, count in self._all():
            seen = [self.frames[number] for number in stack]
            for key in {(frame.function, frame.file) for frame in seen}:
                total[key] = total.get(key, 0) + count
            for frame in seen:
                of_lines = lines.setdefault((frame.function, frame.file), {})
                of_lines[frame.line] = of_lines.get(frame.line, 0) + count
            if seen:
                last = (seen[-1].function, seen[-1].file)
                own[last] = own.get(last, 0) + count
        whole = self.count or 1
        order = sorted(total, key=lambda key: (-own.get(key, 0), -total[key], key))
        return [
            HotFunction(*key, max(lines[key], key=lines[key].__getitem__), own.get(key, 0) / whole, total[key] / whole)
            for key in order[:most]
        ]

    def _all(self) -> Iterator[tuple[tuple[int, ...], int]]:
        for thread in self.threads:
            yield from thread.samples
