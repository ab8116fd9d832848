"""``Profile``: what was seen of the ranks of a task, and the files it is kept in."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Mapping, Optional, Union

from attrs import field, frozen

from hfai.client._profile._metrics import Metric, metrics_of
from hfai.client._profile._stacks import HotFunction, Stacks
from hfai.model.phrase import gathered


@frozen
class RankProfile:
    """What was seen of one rank.

    Attributes:
        rank, node, run: where it was.
        basic: a row for each sample of its processes and its node: a mapping from name, with the unit in it, to number.
        processes: a row for each of them and each process.
        gpu: a row for each sample of each GPU.
        stacks: of its Python threads.
        skipped: by recorder, why it has nothing.
        elapsed_s: how long it was sampled.
        ended_by: ``time``, ``task`` (its run ended), ``asked``, ``nothing`` (no recorder could run), ``lost`` (the connection
            was) or ``unfinished`` (of :func:`hfai.client.saved_profile`: there is more to come, or the profiler was killed).
    """

    rank: int
    node: str
    run: int
    basic: list[dict[str, Any]] = field(factory=list)
    processes: list[dict[str, Any]] = field(factory=list)
    gpu: list[dict[str, Any]] = field(factory=list)
    stacks: Stacks = field(factory=Stacks)
    skipped: dict[str, str] = field(factory=dict)
    elapsed_s: float = 0.0
    ended_by: str = "lost"

    @property
    def metrics(self) -> list[Metric]:
        """Its numbers as series, with mean and peak."""
        return metrics_of(self.basic, self.gpu)

    def hottest(self, most: int = 10) -> list[HotFunction]:
        """The functions in which most samples of its Python threads fell."""
        return self.stacks.hottest(most)

    @property
    def is_empty(self) -> bool:
        """Whether nothing was seen."""
        return not (self.basic or self.gpu or self.stacks.threads)


_PROCESS = ("pid", "parent", "name", "cpu_percent", "memory_rss_bytes", "threads", "disk_read_bytes", "disk_written_bytes")


class RankRecording:
    """Gathers the profile of one rank from the lines of the profiler."""

    def __init__(self, rank: int, node: str, run: int) -> None:
        self._profile = RankProfile(rank, node, run)
        self._ended: Optional[tuple[float, str]] = None
        self._seen_s = 0.0

    def take(self, header: Mapping[str, Any], data: bytes) -> None:
        """One line, with the bytes behind it."""
        kind = header.get("t")
        if kind == "basic":
            row = {name: value for name, value in header.items() if name not in ("t", "of_processes")}
            self._profile.basic.append(row)
            rows = ({"at": row["at"], **dict(zip(_PROCESS, one))} for one in header["of_processes"])
            self._profile.processes.extend(rows)
        elif kind == "gpu":
            self._profile.gpu.append({name: value for name, value in header.items() if name != "t"})
        elif kind == "python":
            import json
            import zlib

            self._profile.stacks.add(json.loads(zlib.decompress(data)))
        elif kind == "skip":
            self._profile.skipped[str(header["recorder"])] = gathered("why", header)
        elif kind == "end":
            self._ended = (float(header["elapsed_s"]), str(header["by"]))
        self._seen_s = max(self._seen_s, float(header.get("elapsed_s") or 0.0))

    @property
    def is_complete(self) -> bool:
        """Whether the profiler came to its end."""
        return self._ended is not None

    def result(self, cut: str = "lost") -> RankProfile:
        """What has come so far; ``cut`` is said of one that did not come to its end."""
        from attrs import evolve

        elapsed_s, ended_by = self._ended or (self._seen_s, cut)
        return evolve(self._profile, elapsed_s=elapsed_s, ended_by=ended_by)


@frozen
class Profile:
    """What was seen of a task.

    Attributes:
        id: the run.
        name: its name.
        ranks: by rank, those that were asked for.
    """

    id: int
    name: str
    ranks: tuple[RankProfile, ...]

    def save(self, directory: Union[str, Path]) -> list[Path]:
        """Write it as files: ``rank_N_basic.csv``, ``..._processes.csv``, ``..._gpu.csv``, ``..._stacks.speedscope.json`` (for
        https://www.speedscope.app) and ``..._flamegraph.svg`` (for a browser), those of them for which there is something.

        Args:
            directory: made where it is not there; files of these names in it are replaced.

        Returns:
            The files, by rank.

        Raises:
            OSError: they cannot be written.
        """
        from hfai.client._profile._files import write_rank

        directory = Path(directory)
        directory.mkdir(parents=True, exist_ok=True)
        return [path for rank in self.ranks for path in write_rank(rank, self.name, directory)]
