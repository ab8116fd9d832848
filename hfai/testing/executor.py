"""An executor that runs nothing: tests say what becomes of its ranks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Mapping, Optional, Sequence, Union

from attrs import frozen

from hfai.engine.executors.base import LOST, GuestRefused, Order, RankEnd, Reports
from hfai.engine.system import Clock, SystemClock
from hfai.model.records import Node

if TYPE_CHECKING:
    from hfai.engine.executors.guest import Guest


@frozen
class Asked:
    """A request to stop one rank."""

    run_id: int
    rank: int
    word: str
    grace_s: float


class FakeExecutor:
    """Stands in for an executor; what the engine wants is noted, what happens is said by the test.

    Args:
        nodes: the nodes, or how many of the group ``default``.
        clock: says when what happens happens; left out, the machine's.
        directory: below which the directories of runs would be.

    Attributes:
        orders: what has been launched and not forgotten, by run id.
        adopted: runs taken up, with the user's stop word.
        told: runs that were told to suspend, oldest first.
        asked: every request to stop a rank, oldest first.
        forgotten: finished runs, oldest first.
    """

    def __init__(
        self,
        nodes: Union[int, Sequence[Node]] = 4,
        *,
        clock: Optional[Clock] = None,
        directory: Path = Path("/nonexistent"),
    ) -> None:
        if isinstance(nodes, int):
            nodes = [Node(name=f"cpu-{number}", group="default") for number in range(nodes)]
        self._nodes = tuple(nodes)
        self._clock = clock or SystemClock()
        self._directory = directory
        self._reports: Optional[Reports] = None
        self.orders: dict[int, Order] = {}
        self.adopted: dict[int, Optional[str]] = {}
        self.told: list[int] = []
        self.asked: list[Asked] = []
        self.forgotten: list[int] = []

    async def start(self, reports: Reports) -> None:
        self._reports = reports

    async def close(self) -> None:
        self._reports = None

    def nodes(self) -> Sequence[Node]:
        return self._nodes

    def launch(self, order: Order) -> None:
        assert order.run_id not in self.orders, "a run is launched once"
        self.orders[order.run_id] = order

    def adopt(self, order: Order, *, asked: Optional[str]) -> None:
        self.orders[order.run_id] = order
        self.adopted[order.run_id] = asked

    def suspend(self, run_id: int) -> None:
        self.told.append(run_id)

    def stop(self, run_id: int, rank: int, word: str, grace_s: float) -> None:
        self.asked.append(Asked(run_id, rank, word, grace_s))

    async def open_guest(self, run_id: int, rank: int, request: Mapping[str, Any]) -> Guest:
        raise GuestRefused("nothing runs here")

    def forget(self, run_id: int) -> None:
        del self.orders[run_id]
        self.forgotten.append(run_id)

    def run_dir(self, run_id: int) -> Path:
        return self._directory / str(run_id)

    # What the test says

    def begin(self, run_id: int, rank: int = 0) -> None:
        """The command of a rank runs."""
        self.reports.building(run_id, rank)
        self.reports.started(run_id, rank, self._clock.now())

    def end(
        self,
        run_id: int,
        rank: int = 0,
        *,
        code: Optional[int] = 0,
        signal: Optional[int] = None,
        asked: Optional[str] = None,
        outcome: Optional[str] = None,
        last_lines: tuple[str, ...] = (),
        can_suspend: bool = False,
        is_unfit: bool = False,
        message: str = "",
    ) -> None:
        """A rank has ended: with a code, or by a signal and then without a code."""
        self.reports.ended(
            run_id,
            RankEnd(
                rank=rank,
                outcome=outcome or ("signaled" if signal else "exited"),
                ended_at=self._clock.now(),
                exit_code=None if signal else code,
                signal=signal,
                asked=asked,
                last_lines=last_lines,
                message=message,
                can_suspend=can_suspend,
                is_unfit=is_unfit,
            ),
        )

    def lose(self, run_id: int, rank: int = 0) -> None:
        """Nobody knows what became of a rank."""
        end = RankEnd(rank=rank, outcome=LOST, ended_at=self._clock.now(), message="its node is gone")
        self.reports.ended(run_id, end)

    def acknowledge(self, run_id: int) -> None:
        """The task has seen that it is to save."""
        self.reports.wished(run_id, 0, "acknowledged", {})

    def go_suspend(self, run_id: int, rank: int = 0, *, is_unfit: bool = False) -> None:
        """The task has saved, or has found its node unfit."""
        self.reports.wished(run_id, rank, "go_suspend", {"is_unfit": is_unfit})

    @property
    def reports(self) -> Reports:
        """Where reports go; only between start and close."""
        assert self._reports is not None, "the executor has not been started"
        return self._reports
