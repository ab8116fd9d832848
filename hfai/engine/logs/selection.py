"""What of a task's log somebody asked for."""

from __future__ import annotations

from typing import Mapping, Optional, Sequence

from attrs import field, frozen

from hfai.engine.logs.cursor import Cursor
from hfai.engine.logs.ranklog import Window
from hfai.model.errors import NotFoundError
from hfai.model.records import Run, Task


@frozen
class LogSelection:
    """Arguments of ``query/task/log/stream``.

    Attributes:
        ranks: the ranks, ascending.
        follow: whether to go on until the chain has finished.
        run: ``newest``, ``all``, or the id of a run.
        cursors: where to go on, by rank; a rank without one begins where run and window say.
        window: which lines.
        by_place: send where the bytes are instead of the bytes, for a client that can read them there.
    """

    ranks: tuple[int, ...]
    follow: bool = False
    run: str = "newest"
    cursors: Mapping[int, Cursor] = field(factory=dict)
    window: Window = field(factory=Window)
    by_place: bool = False

    def runs_of(self, task: Task, *, rank: int, begun: Optional[int] = None) -> Sequence[Run]:
        """The runs to read, oldest first, at least one.

        Args:
            task: the task as it is now.
            rank: whose cursor counts.
            begun: id of the run that an earlier call put first; a follower stays with it.

        Raises:
            NotFoundError: the chain has no such run.
        """
        if self.run not in ("newest", "all"):
            return [_run(task, int(self.run))]
        if begun is not None:
            first = begun
        elif rank in self.cursors:
            first = _run(task, self.cursors[rank].run).id
        elif self.run == "all":
            first = task.runs[0].id
        else:
            # A queued run has no log yet: what there is to see is that of the run before.
            first = next((run.id for run in reversed(task.runs) if run.begin_at is not None), task.id)
        return [run for run in task.runs if run.id >= first]


def _run(task: Task, run_id: int) -> Run:
    for run in task.runs:
        if run.id == run_id:
            return run
    runs = ", ".join(str(run.id) for run in task.runs)
    raise NotFoundError(
        "task {experiment} has no run {run}: its runs are {runs}", experiment=task.nb_name, run=run_id, runs=runs
    )
