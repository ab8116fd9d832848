"""``start_profile`` and ``profile``: ask the ranks of a running task for samples, and gather what comes."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from types import TracebackType
from typing import Any, Iterator, Mapping, NamedTuple, Optional, Sequence, Union

from hfai.client._log_frames import read_frames
from hfai.client._profile._profile import Profile, RankProfile, RankRecording
from hfai.client._select import ExperimentLike, query_task, selector, subject
from hfai.client._shell import Shell
from hfai.client._transport import TransportError
from hfai.model.errors import HfaiError, RefusedError, UsageError
from hfai.model.phrase import Phrase
from hfai.model.profiling import DEFAULT_TIME_S, ProfileOptions, profile_options

_RANKS = "ranks are numbers, as in 0 or 0,3-5, or all, not {found}"
_MOST_RANKS = 100_000
_NEWS_S = 0.5
# After its time a profiler writes what it has; one that takes longer than this hangs.
_LAST_S = 30.0


class ProfileProgress(NamedTuple):
    """How far a profile is.

    Attributes:
        elapsed_s: since it began.
        time_s: for how long it was asked.
        samples: how many rows and pieces have come from all ranks.
    """

    elapsed_s: float
    time_s: float
    samples: int


class Profiling:
    """A profile that is under way; made by :func:`hfai.client.start_profile`.

    Iterating gives :class:`ProfileProgress` at least twice a second until all ranks are done. Leaving a ``with`` block
    ends it. The task goes on undisturbed, whatever becomes of this.
    """

    def __init__(self, experiment: ExperimentLike, ranks: Sequence[int], options: ProfileOptions) -> None:
        task = query_task(selector(experiment), subject=subject(experiment))
        self._id, self._name, self._options = int(task["id"]), str(task["nb_name"]), options
        self._news: queue.SimpleQueue[Optional[int]] = queue.SimpleQueue()
        self._streams: list[_RankStream] = []
        self._samples = 0
        try:
            for rank in ranks:
                # By the id of its run: all ranks of one run, also if it is suspended meanwhile.
                self._streams.append(_RankStream(self._id, rank, options, self._news))
        except BaseException:
            self.close()
            raise
        self._left = len(self._streams)
        self._began = time.monotonic()
        for stream in self._streams:
            stream.start()

    def __enter__(self) -> Profiling:
        return self

    def __exit__(
        self, kind: Optional[type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self.close()

    def __iter__(self) -> Iterator[ProfileProgress]:
        return self

    # Not a generator: after Ctrl-C in the middle of it the rest can still be waited for.
    def __next__(self) -> ProfileProgress:
        deadline = time.monotonic() + _NEWS_S
        while self._left:
            if time.monotonic() - self._began > self._options.time_s + _LAST_S:
                raise StopIteration
            try:
                count = self._news.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                break
            if count is None:
                self._left -= 1
            else:
                self._samples += count
        else:
            raise StopIteration
        return ProfileProgress(time.monotonic() - self._began, self._options.time_s, self._samples)

    def stop(self) -> None:
        """It was enough: what was sampled so far is sent; go on iterating until it has come. May be called twice."""
        for stream in self._streams:
            stream.ask_to_stop()

    def close(self) -> None:
        """Let go of the ranks. May be called twice."""
        for stream in self._streams:
            stream.close()

    def result(self) -> Profile:
        """What has come.

        Raises:
            RefusedError: nothing could be sampled in any rank; the message says why and what to do.
            StreamLost: the connection was lost before anything came.
        """
        ranks = tuple(stream.recording.result() for stream in self._streams)
        if all(rank.is_empty for rank in ranks):
            for stream in self._streams:
                if stream.error is not None:
                    raise stream.error
            raise nothing_sampled(self._id, self._name, ranks)
        return Profile(self._id, self._name, ranks)


def nothing_sampled(run: int, name: str, ranks: Sequence[RankProfile]) -> HfaiError:
    """The error for a profile in which nothing is, with the reasons that were given."""
    reasons = [why for rank in ranks for why in rank.skipped.values()]
    if not reasons:
        return RefusedError("task {id} ({name}) ended before anything could be sampled", id=run, name=name)
    said = Phrase("{problem}", problem=reasons[0])
    for why in dict.fromkeys(reasons[1:]):
        if why != reasons[0]:
            said = Phrase("{problem}; {reason}", problem=said, reason=why)
    return RefusedError("nothing of task {id} ({name}) could be sampled: {reason}", id=run, name=name, reason=said)


class _RankStream:
    """One rank: the profiler's answer, read in a thread of its own."""

    def __init__(self, run: int, rank: int, options: ProfileOptions, news: queue.SimpleQueue[Optional[int]]) -> None:
        self._news = news
        self._shell = Shell(run, rank, {"kind": "profiler", "options": options.to_wire()})
        self.recording = RankRecording(self._shell.rank, self._shell.node, self._shell.run)
        self.error: Optional[HfaiError] = None
        self._said: list[bytes] = []
        self._thread = threading.Thread(target=self._read, name=f"hfai-prof-{rank}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def ask_to_stop(self) -> None:
        with contextlib.suppress(HfaiError):  # it has ended, or its end is being told to us
            self._shell.signal("INT")

    def close(self) -> None:
        self._shell.close()
        if self._thread.is_alive():
            self._thread.join()

    def _read(self) -> None:
        try:
            data = b""
            for header, piece, missing in read_frames(_Output(self._shell, self._said)):
                data += piece
                if not missing:
                    self.recording.take(header, data)
                    data = b""
                    self._news.put(1)
        except HfaiError as error:
            self.error = error
        except TransportError:  # it ended in the middle: the task was killed, and the profiler with it
            pass
        if not self.recording.is_complete and self.error is None and self._said:
            reason = b"".join(self._said).decode(errors="replace").strip().splitlines()[-1:]
            self.error = RefusedError("the profiler failed: {problem}", problem=" ".join(reason))
        self._news.put(None)


class _Output:
    """What the profiler writes to stdout, as a stream that frames can be read from."""

    status = 200

    def __init__(self, shell: Shell, said: list[bytes]) -> None:
        self._outputs = iter(shell)
        self._said = said

    def read(self) -> bytes:
        for output in self._outputs:
            if output.fd == 1:
                return output.data
            self._said.append(output.data)
        return b""

    def abort(self) -> None: ...

    def close(self) -> None: ...


def start_profile(
    experiment: ExperimentLike,
    time_s: float = DEFAULT_TIME_S,
    recorders: Union[str, Sequence[str], None] = None,
    intervals_s: Optional[Mapping[str, float]] = None,
    ranks: Union[int, str, Sequence[int]] = 0,
    with_idle: bool = False,
) -> Profiling:
    """Begin to profile a running task; :func:`profile` does the same and waits for the result.

    Args:
        experiment, time_s, recorders, intervals_s, ranks, with_idle: see :func:`profile`.

    Returns:
        The profile under way: iterate to wait for it, ``stop`` to end it early, ``result`` for what has come.

    Raises:
        As :func:`profile`.

    Blocks until every rank has begun.

    Example:
        >>> with start_profile("sample_exp", 60) as profiling:  # doctest: +SKIP
        ...     for progress in profiling:
        ...         print(f"{progress.elapsed_s:.0f} of {progress.time_s:.0f} s")
        >>> profiling.result().save("profile")  # doctest: +SKIP
    """
    options = profile_options(time_s, recorders, intervals_s, with_idle)
    return Profiling(experiment, ranks_of(experiment, ranks), options)


def profile(
    experiment: ExperimentLike,
    time_s: float = DEFAULT_TIME_S,
    recorders: Union[str, Sequence[str], None] = None,
    intervals_s: Optional[Mapping[str, float]] = None,
    ranks: Union[int, str, Sequence[int]] = 0,
    with_idle: bool = False,
) -> Profile:
    """Sample all processes of the ranks of a running task for a while. The task is not stopped for it.

    Args:
        experiment: an Experiment, the id of a run, or a name; only tasks of your own.
        time_s: for how long, in seconds; it ends sooner if the task does.
        recorders: ``basic`` (CPU, memory, I/O, network), ``gpu``, ``python`` (stacks); None for all of them.
        intervals_s: seconds between two samples, by recorder; default: 1 for ``basic`` and ``gpu``, 0.01 for ``python``.
        ranks: one rank, several, ``"0,3-5"`` or ``"all"``.
        with_idle: whether ``python`` samples threads that wait as well.

    Returns:
        What was seen. A recorder that could not run is in ``skipped`` of each rank, with what to do about it.

    Raises:
        UsageError: an argument cannot be used.
        NotRunning: the task, or one of those ranks, does not run.
        RankNotFound, TaskNotFound: it is not there.
        RefusedError: nothing could be sampled; the message says why and what to do.
        HfaiError: no answer, or another refusal.

    Blocks for ``time_s``. Source: design, section 6; the tutorial's ``prof``.

    Example:
        >>> seen = profile("sample_exp", 10, recorders="python")  # doctest: +SKIP
        >>> seen.ranks[0].hottest(1)[0].function  # doctest: +SKIP
        'matmul'
    """
    with start_profile(experiment, time_s, recorders, intervals_s, ranks, with_idle) as profiling:
        for _ in profiling:
            pass
        return profiling.result()


def ranks_of(experiment: ExperimentLike, ranks: Any) -> list[int]:
    """The ranks that were asked for, in order."""
    wanted = [ranks] if isinstance(ranks, int) else ranks
    if isinstance(ranks, str):
        nodes = int(query_task(selector(experiment), subject=subject(experiment))["nodes"]) if "all" in ranks else 0
        wanted = [rank for word in ranks.split(",") for rank in _range(word.strip(), nodes)]
    if not isinstance(wanted, Sequence) or not wanted:
        raise UsageError(_RANKS, found=repr(ranks)[:100])
    return sorted(dict.fromkeys(wanted))


def _range(word: str, nodes: int) -> range:
    """``3``, ``0-3`` or ``all``."""
    if word == "all":
        return range(nodes)
    first, dash, last = word.partition("-")
    if not first.isdecimal() or (dash and not last.isdecimal()) or (dash and not int(first) <= int(last) < _MOST_RANKS):
        raise UsageError(_RANKS, found=repr(word)[:100])
    return range(int(first), int(last or first) + 1)
