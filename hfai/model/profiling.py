"""What can be asked of the profiler, the same for who asks and for who answers: recorders, intervals, limits."""

from __future__ import annotations

import math
from typing import Any, Iterable, Mapping, Optional

from attrs import frozen

from hfai.model.errors import UsageError

RECORDERS = ("basic", "gpu", "python")
"""``basic``: CPU, memory, I/O and network; ``gpu``: the GPUs of the node; ``python``: stacks of the Python processes."""

DEFAULT_TIME_S = 30.0
LONGEST_TIME_S = 86400.0
DEFAULT_INTERVALS_S: Mapping[str, float] = {"basic": 1.0, "gpu": 1.0, "python": 0.01}
# Below these a sampler would be busy with nothing else; py-spy takes a whole number of samples a second.
SHORTEST_INTERVALS_S: Mapping[str, float] = {"basic": 0.1, "gpu": 0.1, "python": 0.001}
LONGEST_INTERVALS_S: Mapping[str, float] = {"basic": 3600.0, "gpu": 3600.0, "python": 1.0}


@frozen
class ProfileOptions:
    """One wish to have a rank profiled.

    Attributes:
        time_s: seconds to sample for; it ends sooner if the task does.
        recorders: which, in the order of :data:`RECORDERS`.
        intervals_s: seconds between two samples, for each of them.
        with_idle: whether ``python`` also samples threads that wait.
    """

    time_s: float
    recorders: tuple[str, ...]
    intervals_s: Mapping[str, float]
    with_idle: bool = False

    def to_wire(self) -> dict[str, Any]:
        """As JSON holds it."""
        return {
            "time_s": self.time_s,
            "recorders": list(self.recorders),
            "intervals_s": dict(self.intervals_s),
            "with_idle": self.with_idle,
        }


def profile_options(
    time_s: Any = DEFAULT_TIME_S,
    recorders: Any = None,
    intervals_s: Any = None,
    with_idle: Any = False,
) -> ProfileOptions:
    """The options from whatever somebody gave, checked.

    Args:
        time_s: seconds.
        recorders: names, or None for all of them.
        intervals_s: by name of the recorder; those that are left out are :data:`DEFAULT_INTERVALS_S`, or the time
            where that is shorter.
        with_idle: see :class:`ProfileOptions`.

    Raises:
        UsageError: one of them cannot be used; the message says which, and what is allowed.
    """
    checked_s = _number(time_s)
    if checked_s is None or not 0 < checked_s <= LONGEST_TIME_S:
        raise UsageError(
            "the time to profile is more than 0 and at most {most:g} seconds, not {value}",
            most=LONGEST_TIME_S,
            value=_shown(time_s),
        )
    chosen = _recorders(RECORDERS if recorders is None else recorders)
    given = {} if intervals_s is None else intervals_s
    if not isinstance(given, Mapping):
        raise UsageError("intervals are given by recorder, as in basic=2, not {value}", value=_shown(intervals_s))
    intervals = {name: max(SHORTEST_INTERVALS_S[name], min(DEFAULT_INTERVALS_S[name], checked_s)) for name in chosen}
    for name, interval in given.items():
        _ensure_known(name)
        if name in intervals:
            intervals[name] = _interval(name, interval)
            if intervals[name] > checked_s:
                raise UsageError(
                    "the interval of {name}, {interval:g} s, is longer than the time, {time:g} s: nothing would be sampled",
                    name=name,
                    interval=intervals[name],
                    time=checked_s,
                )
    return ProfileOptions(checked_s, chosen, intervals, bool(with_idle))


def task_profile(task_options: Any) -> Optional[ProfileOptions]:
    """What the ``options`` of a task file say about a profile that begins with the task: ``profile.time`` in seconds, perhaps
    ``profile.recorder`` (``all``, or names with commas), ``profile.interval`` (seconds by recorder) and ``profile.idle``.

    Returns:
        None where there is no ``profile.time``.

    Raises:
        UsageError: one of them cannot be used.
    """
    said = task_options.get("profile") if isinstance(task_options, Mapping) else None
    if said is None:
        return None
    if not isinstance(said, Mapping):
        raise UsageError("a profile is asked for as profile.time=60, not {value}", value=_shown(said))
    if said.get("time") is None:
        return None
    recorder = said.get("recorder", "all")
    names = [word.strip() for word in recorder.split(",")] if isinstance(recorder, str) else recorder
    wanted = None if names == ["all"] else names
    return profile_options(said["time"], wanted, said.get("interval"), said.get("idle", False))


def _recorders(names: Any) -> tuple[str, ...]:
    if isinstance(names, str):
        names = [names]
    if not isinstance(names, Iterable):
        raise UsageError("no recorder {name}: there are {known}", name=_shown(names), known=", ".join(RECORDERS))
    wanted = list(names)
    for name in wanted:
        _ensure_known(name)
    if not wanted:
        raise UsageError("no recorder {name}: there are {known}", name="''", known=", ".join(RECORDERS))
    return tuple(name for name in RECORDERS if name in wanted)


def _ensure_known(name: Any) -> None:
    if name not in RECORDERS:
        raise UsageError("no recorder {name}: there are {known}", name=_shown(name), known=", ".join(RECORDERS))


def _interval(name: str, value: Any) -> float:
    interval_s = _number(value)
    least, most = SHORTEST_INTERVALS_S[name], LONGEST_INTERVALS_S[name]
    if interval_s is None or not least <= interval_s <= most:
        raise UsageError(
            "the interval of {name} is from {least:g} to {most:g} seconds, not {value}",
            name=name,
            least=least,
            most=most,
            value=_shown(value),
        )
    return interval_s


def _number(value: Any) -> Optional[float]:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if is_number else None


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return value or "''"
    return f"{value:g}" if isinstance(value, float) else repr(value)[:100]
