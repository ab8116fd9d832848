"""What may be asked of the engine and who asks: the arguments and small answers of :class:`hfai.engine.engine.Engine`."""

from __future__ import annotations

from collections import Counter
from enum import Enum
from typing import Optional

from attrs import frozen

from hfai.model.records import Node, Pending


class StopOp(str, Enum):
    """How a task is to be ended (wire document, section 3)."""

    STOP = "stop"
    FAIL = "fail"
    SUCCEED = "succeed"
    SUSPEND = "suspend"


@frozen
class User:
    """Who asks.

    Attributes:
        name: the user's name on the platform.
        role: ``internal`` or ``external``.
        groups: permission groups, as HAI Platform counts them: role, ``public``, teams, the own name.
        uid: the number that tasks of this user run under; negative where the account is no longer there.
        is_admin: whether they see and do everything.
        unix_name: the account of this machine that tasks of this user run under.
    """

    name: str
    role: str
    groups: tuple[str, ...]
    uid: int
    is_admin: bool = False
    unix_name: str = ""


@frozen
class Selector:
    """Which task is meant. Whatever is given must fit: an id of another chain than ``chain_id`` finds nothing.

    Attributes:
        id: id of any run of the chain.
        chain_id: id of the chain.
        nb_name: name; the newest task of that name.
    """

    id: Optional[int] = None
    chain_id: Optional[str] = None
    nb_name: Optional[str] = None


@frozen
class ListQuery:
    """Filters and page of a task list; an empty filter lets everything through, several values mean any of them.

    Attributes:
        page: from 1.
        page_size: tasks per page, from 1.
        order_by: ``id`` or ``first_id``, always descending.
        nb_name_pattern: part of the name or of the chain id, or the beginning of the newest id.
        user_name: whose tasks; None: the caller's own, ``*``: everybody's.
        created_start: seconds since the epoch; the newest run was created then or later.
        created_end: seconds since the epoch; the newest run was created then or earlier.
    """

    page: int = 1
    page_size: int = 50
    order_by: str = "id"
    task_type: tuple[str, ...] = ()
    worker_status: tuple[str, ...] = ()
    queue_status: tuple[str, ...] = ()
    chain_status: tuple[str, ...] = ()
    tag: tuple[str, ...] = ()
    excluded_tag: tuple[str, ...] = ()
    group: tuple[str, ...] = ()
    nb_name_pattern: Optional[str] = None
    only_star: bool = False
    user_name: Optional[str] = None
    created_start: Optional[float] = None
    created_end: Optional[float] = None


@frozen
class Working:
    """What a node works on: one rank of one run."""

    run_id: int
    rank: int
    user_name: str
    nb_name: str


@frozen
class QuotaUse:
    """What of their quotas a user has at the moment, in nodes by group and priority.

    Attributes:
        running: nodes of the runs that have theirs, at the priority that they have now.
        waiting: nodes of the runs that wait; AUTO under its own name where a quota decides what it becomes.
    """

    running: Counter[tuple[str, int]]
    waiting: Counter[tuple[str, int]]


@frozen
class QueueView:
    """An unfinished run as everybody may see it: nothing of what it executes.

    Attributes:
        queued_at: its place in line, seconds since the epoch.
        begin_at: since when it has its nodes; None while it waits.
        node_names: by rank.
        pending: why it waits, None while it runs.
    """

    id: int
    nb_name: str
    user_name: str
    group: str
    nodes: int
    priority: int
    queue_status: str
    chain_status: str
    created_at: float
    queued_at: float
    begin_at: Optional[float]
    node_names: tuple[str, ...]
    pending: Optional[Pending]


@frozen
class NodeView:
    """A node and what it works on, None while it is idle."""

    node: Node
    working: Optional[Working] = None
