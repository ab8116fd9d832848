"""What the policy looks at and what it answers. Plain tuples: one plan may read tens of thousands of them.

Times are seconds since the epoch, durations seconds.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Mapping, NamedTuple, Optional


class PolicyNode(NamedTuple):
    """A node as the policy sees it; ``is_usable`` is False while it is cordoned or not ready, and ``why_not`` says why."""

    name: str
    group: str
    is_usable: bool = True
    why_not: str = ""


class RunningTask(NamedTuple):
    """A run that holds nodes.

    Attributes:
        ran_s: seconds that earlier runs of its chain have run.
        queued_at: when this run was queued: its place among those who wait, should it have to compete again.
        is_borrowing: started on nodes that a blocked task ahead of it has reserved.
        is_leaving: told to suspend or stop; its nodes come free soon.
        forced: how often in a row its chain lost its nodes without having saved anything.
        is_pinned: it checks its node (:class:`PinnedTask`): short, so like one that is leaving, and beyond every quota.
    """

    run_id: int
    user: str
    group: str
    priority: int
    nodes: tuple[str, ...]
    started_at: float
    queued_at: float = 0.0
    ran_s: float = 0.0
    is_borrowing: bool = False
    is_leaving: bool = False
    forced: int = 0
    is_pinned: bool = False


class QueuedTask(NamedTuple):
    """A run that waits.

    Attributes:
        not_before: it is held back until then, after a failure of the platform.
        skipped: how many tasks of the same user and priority right before it are left out of the snapshot, because it holds enough
            others as wide that come first: they count as that user's turns.
        avoid: nodes that it had better not get, where there are enough others.
    """

    run_id: int
    user: str
    group: str
    priority: int
    width: int
    queued_at: float
    ran_s: float = 0.0
    not_before: float = 0.0
    skipped: int = 0
    avoid: tuple[str, ...] = ()


class PinnedTask(NamedTuple):
    """A run that waits for one certain node, to check it: before all others once that is free, and although it is cordoned.

    It interrupts nobody, nobody interrupts it, and it takes nothing from a quota.
    """

    run_id: int
    user: str
    group: str
    node: str
    queued_at: float
    not_before: float = 0.0


# (user, group, priority) -> nodes; a missing row means no limit. AUTO takes what rows give, or NORMAL where that has none.
Quotas = Mapping[tuple[str, str, int], int]


class Snapshot(NamedTuple):
    """Everything that one plan depends on, besides the time."""

    nodes: tuple[PolicyNode, ...]
    running: tuple[RunningTask, ...]
    queued: tuple[QueuedTask, ...]
    quotas: Quotas = MappingProxyType({})
    pinned: tuple[PinnedTask, ...] = ()


class PolicySettings(NamedTuple):
    """The administrator's numbers (``policy`` in engine.yaml), all in seconds.

    Attributes:
        slice_s: how long a task runs before it takes turns with others of its priority.
        min_slice_s: how long it runs at least before one of the same priority may interrupt it, even when it borrows.
        patience_s: how long a task that finds too few nodes lets later ones of the same user and priority use those.
        demote_after_s: after how much running an ABOVE_NORMAL task becomes NORMAL.
    """

    slice_s: float = 3600.0
    min_slice_s: float = 300.0
    patience_s: float = 86400.0
    demote_after_s: float = 1800.0


_MOST_DOUBLINGS = 10


def slice_end(run: RunningTask, settings: PolicySettings) -> float:
    """Until when a task is safe from others of its priority.

    Each time in a row that a chain lost its nodes without having saved anything doubles its next slice: two tasks that never save and need
    longer than a slice would otherwise displace each other for ever.
    """
    slice_s = settings.min_slice_s if run.is_borrowing else settings.slice_s
    return run.started_at + slice_s * (1 << min(run.forced, _MOST_DOUBLINGS))


class Start(NamedTuple):
    """Start a run on these nodes.

    Attributes:
        priority: what it is started at: AUTO has become one of the others.
        behind: the first run ahead of it that cannot use these nodes yet: it only borrows them.
    """

    run_id: int
    nodes: tuple[str, ...]
    priority: int
    behind: Optional[int] = None

    @property
    def is_borrowing(self) -> bool:
        return self.behind is not None


class Suspend(NamedTuple):
    """Tell a run to yield to another.

    Attributes:
        priority: of the other.
        is_higher: whether that is a higher one; otherwise the run's slice is over and it is the other's turn.
    """

    run_id: int
    for_run_id: int
    priority: int
    is_higher: bool


class Wait(NamedTuple):
    """Why a queued run does not start now.

    ``code``: ``turn`` (others are ahead), ``nodes`` (its turn, too few nodes free), ``saving`` (nodes are being vacated for it),
    ``quota``, ``own`` (an earlier task of the same user and priority is first), ``group_too_small``, ``cordoned``, ``backoff``; of a pinned
    one ``node_busy``, ``node_gone``, ``backoff``. ``position`` counts from 1 within the group, of a pinned one at its node.
    """

    code: str
    position: int
    priority: int


class Plan(NamedTuple):
    """The answer: ``wake_at`` is when time alone may change it, None if never."""

    starts: tuple[Start, ...]
    suspends: tuple[Suspend, ...]
    waits: Mapping[int, Wait]
    wake_at: Optional[float]
