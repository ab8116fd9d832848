"""What the engine and an executor say to each other, whatever the executor is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Mapping, Optional, Protocol, Sequence

from attrs import frozen

from hfai.engine.queries import User
from hfai.model.records import Node
from hfai.model.spec import TaskSpec

if TYPE_CHECKING:
    from hfai.engine.executors.guest import Guest

LOST = "lost"
# The command was not started, because the node was not fit for it.
UNFIT = "unfit"


class GuestRefused(Exception):
    """A guest could not be started.

    Attributes:
        message: why; a phrase where it is a sentence of ours.
        exit_code: 127 or 126 where its command is at fault, as in a shell; None where the rank is.
    """

    def __init__(self, message: str, exit_code: Optional[int] = None) -> None:
        super().__init__(message)
        self.message = message
        self.exit_code = exit_code


@frozen
class Order:
    """A run to be executed: one rank on each node.

    Attributes:
        user: who submitted it, with the token that its tasks may use.
        group: the group of the nodes.
        nodes: by rank.
        begin_at: when it was scheduled, seconds since the epoch.
        whole_life_state: the integer carried along the chain.
        watchdog_s: seconds without output after which a rank counts as hung.
        shell_environment: environment of the shell it was submitted from; None for a bare one.
    """

    run_id: int
    chain_id: str
    user: User
    token: str
    group: str
    nodes: tuple[Node, ...]
    begin_at: float
    whole_life_state: int
    watchdog_s: float
    task: TaskSpec
    shell_environment: Optional[Mapping[str, str]] = None


@frozen
class RankEnd:
    """How one rank ended (``end.json``).

    Attributes:
        outcome: ``exited``, ``signaled``, ``exec_failed``, ``unfit``, ``watchdog``, ``timeout``, or ``lost``: nobody saw how.
        ended_at: seconds since the epoch.
        asked: word of the stop command that came before the end: ``stop``, ``fail``, ``succeed``, ``suspend``, ``gang``.
        whole_life_state: what the task last set, where ``state_is_set``.
        can_suspend: whether the task had said ``go_suspend``.
        is_unfit: whether it had found its node unfit.
    """

    rank: int
    outcome: str
    ended_at: float
    exit_code: Optional[int] = None
    signal: Optional[int] = None
    asked: Optional[str] = None
    last_lines: tuple[str, ...] = ()
    message: str = ""
    whole_life_state: int = 0
    state_is_set: bool = False
    can_suspend: bool = False
    is_unfit: bool = False

    @property
    def is_success(self) -> bool:
        return self.outcome == "exited" and self.exit_code == 0

    @property
    def is_platform_failure(self) -> bool:
        """Whether the task has no part in it."""
        return self.outcome in (LOST, UNFIT)


class Reports(Protocol):
    """Where an executor reports, in the thread of the event loop. Saying something twice is harmless."""

    def building(self, run_id: int, rank: int) -> None:
        """The rank is being started."""

    def started(self, run_id: int, rank: int, at: float) -> None:
        """Its command runs, since ``at`` in seconds since the epoch."""

    def ended(self, run_id: int, end: RankEnd) -> None:
        """Nothing of the rank runs any more."""

    def wished(self, run_id: int, rank: int, event: str, values: Mapping[str, Any]) -> None:
        """The task asked for something: ``go_suspend``, ``set_priority``, ``whole_life_state``, or it ``acknowledged``."""


class Executor(Protocol):
    """Runs ranks on nodes. Nothing here blocks; what becomes of a rank is reported.

    An executor keeps its truth outside the daemon: after a crash :meth:`adopt` finds out again what has become of a run.
    """

    async def start(self, reports: Reports) -> None:
        """Begin to work; before anything else."""
        ...

    async def close(self) -> None:
        """Let go of everything; what runs goes on."""
        ...

    def nodes(self) -> Sequence[Node]:
        """The nodes there are."""
        ...

    def launch(self, order: Order) -> None:
        """Start every rank of a run that has never been launched."""
        ...

    def adopt(self, order: Order, *, asked: Optional[str]) -> None:
        """Take up a run that a daemon before this one scheduled.

        Args:
            order: the same as then.
            asked: what it was told to do, ``suspend`` or the user's stop command, if anything: ranks that were never started are then
                reported as ended by it; otherwise they are started now.
        """
        ...

    def suspend(self, run_id: int) -> None:
        """Tell rank 0 that it is to save and yield; goes on trying until it is told, has ended or is being stopped."""
        ...

    def stop(self, run_id: int, rank: int, word: str, grace_s: float) -> None:
        """Ask a rank to end and kill it ``grace_s`` later; goes on trying until it has ended."""
        ...

    async def open_guest(self, run_id: int, rank: int, request: Mapping[str, Any]) -> Guest:
        """Start a program beside the task, in a rank that runs (hfai.engine.supervise.guests).

        Args:
            request: ``kind`` ``command`` or ``profiler``, ``argv``, ``tty``, ``options``.

        Raises:
            GuestRefused: the rank does not run, or the program cannot be executed.
        """
        ...

    def forget(self, run_id: int) -> None:
        """The run has finished, nothing more will be asked about it."""
        ...

    def run_dir(self, run_id: int) -> Path:
        """Where the files of a run are, whether or not it is known."""
        ...
