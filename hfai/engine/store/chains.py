"""Writing tasks: a chain when it is submitted, its runs as they are queued, scheduled and finished.

Every function here belongs inside :meth:`Database.transaction`.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from typing import Any, Mapping, Optional, Sequence

from attrs import frozen

from hfai.engine.store.backoff import NO_BACKOFF, Backoff
from hfai.engine.store.database import Database
from hfai.model.errors import NameInUse
from hfai.model.phrase import packed
from hfai.model.records import End, Job
from hfai.model.spec import TaskSpec
from hfai.model.states import ChainStatus, JobStatus, QueueStatus
from hfai.model.suspension import Suspension


@frozen
class NewChain:
    """A task about to be queued; ``pinned_to`` names the one node that it is to check."""

    chain_id: str
    user_name: str
    group: str
    spec: TaskSpec
    created_at: float
    shell_environment: Optional[Mapping[str, str]] = None
    pinned_to: Optional[str] = None


@frozen
class RunState:
    """All of a run that changes while it lives.

    Attributes:
        first_id: the chain, by the id of its first run.
        chain_status: of the chain, which this run is the newest of.
        asked: the word of the user's stop command.
        not_before: seconds since the epoch; the run is not scheduled earlier.
        failures: runs of the chain in a row that the platform failed.
        run_priority: what it was started at, None before that.
        is_borrowing: whether it was started on nodes that another task has reserved.
        start_why: why it was started when it was.
    """

    id: int
    first_id: int
    queue_status: QueueStatus
    chain_status: ChainStatus
    worker_status: str
    begin_at: Optional[float] = None
    end_at: Optional[float] = None
    stop_code: int = 0
    suspend_code: int = 0
    suspend_updated_at: Optional[float] = None
    whole_life_state: int = 0
    not_before: float = 0.0
    asked: Optional[str] = None
    end: Optional[End] = None
    jobs: tuple[Job, ...] = ()
    failures: int = 0
    run_priority: Optional[int] = None
    is_borrowing: bool = False
    start_why: str = ""
    suspension: Optional[Suspension] = None


@frozen
class NextRun:
    """A further run of a chain, about to be queued.

    Attributes:
        queued_at: its place in line, seconds since the epoch.
        not_before: seconds since the epoch; it is not scheduled earlier.
        failures: runs of the chain in a row that the platform failed.
        user_failures: how often the chain was started again after its own code had failed.
        ran_s: seconds that the runs before it have run.
        forced: how often in a row the chain lost its nodes without having saved anything.
        backoff: what it carries of the restarts before it.
    """

    first_id: int
    created_at: float
    queued_at: float
    whole_life_state: int
    not_before: float = 0.0
    failures: int = 0
    user_failures: int = 0
    ran_s: float = 0.0
    forced: int = 0
    backoff: Backoff = NO_BACKOFF


def add_chain(db: Database, new: NewChain) -> int:
    """Store a task and its first run, queued; returns the id of the run.

    Raises:
        NameInUse: an unfinished task of the user has the name.
    """
    spec = new.spec
    cursor = db.execute(
        "INSERT INTO runs (first_id, queue_status, worker_status, created_at, queued_at, whole_life_state) "
        "VALUES (0, 'queued', 'queued', ?, ?, ?)",
        (new.created_at, new.created_at, spec.whole_life_state),
    )
    run_id = cursor.lastrowid
    assert run_id is not None
    try:
        db.execute(
            "INSERT INTO chains (first_id, chain_id, user_name, nb_name, task_type, group_name, nodes, priority, newest_id, "
            "created_at, chain_status, worker_status, environment_id, backend, workspace, code_file, schema, pinned_to) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'waiting_init', 'queued', ?, ?, ?, ?, ?, ?)",
            (
                *(run_id, new.chain_id, new.user_name, spec.name, spec.task_type, new.group, spec.node_count),
                *(spec.priority, run_id, new.created_at, _environment_id(db, new.shell_environment)),
                *(spec.image, spec.workspace, spec.code_file, json.dumps(spec.to_wire(), ensure_ascii=False)),
                new.pinned_to,
            ),
        )
    except sqlite3.IntegrityError:
        ensure_name_is_free(db, new.user_name, spec.name)
        raise
    db.execute(
        "UPDATE runs SET first_id = id WHERE id = ?",
        (run_id,),
    )
    for tag in spec.tags:
        db.execute("INSERT OR IGNORE INTO tags VALUES (?, ?, ?)", (new.user_name, tag, run_id))
    return run_id


def add_run(db: Database, new: NextRun) -> int:
    """Queue a further run of a chain; returns its id.

    Raises:
        NameInUse: another unfinished task of the user has the name by now.
    """
    cursor = db.execute(
        "INSERT INTO runs (first_id, queue_status, worker_status, created_at, queued_at, whole_life_state, not_before, "
        "user_failures, ran_s, forced, backoff) VALUES (?, 'queued', 'queued', ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(new.first_id, new.created_at, new.queued_at, new.whole_life_state, new.not_before),
            *(new.user_failures, new.ran_s, new.forced, new.backoff.to_store()),
        ),
    )
    assert cursor.lastrowid is not None
    try:
        db.execute(
            "UPDATE chains SET newest_id = ?, created_at = ?, chain_status = 'suspended', worker_status = 'queued', "
            "failures = ? WHERE first_id = ?",
            (cursor.lastrowid, new.created_at, new.failures, new.first_id),
        )
    except sqlite3.IntegrityError:
        user_name, name = db.one("SELECT user_name, nb_name FROM chains WHERE first_id = ?", (new.first_id,))
        ensure_name_is_free(db, user_name, name)
        raise
    return cursor.lastrowid


def set_priority(db: Database, first_id: int, priority: int) -> None:
    """Give a chain another priority, for this run and those to come."""
    db.execute("UPDATE chains SET priority = ? WHERE first_id = ?", (priority, first_id))


def ensure_name_is_free(db: Database, user_name: str, name: str) -> None:
    """Raise NameInUse if an unfinished task of the user has the name."""
    row = db.one(
        "SELECT newest_id, chain_status FROM chains WHERE user_name = ? AND nb_name = ? AND chain_status != 'finished'",
        (user_name, name),
    )
    if row is not None:
        raise NameInUse(name=name, id=row[0], chain_status=row[1])


def save_run(db: Database, state: RunState) -> None:
    """Write what has changed of a run and, since it is the newest of its chain, of the chain."""
    db.execute(
        "UPDATE runs SET queue_status = ?, worker_status = ?, begin_at = ?, end_at = ?, stop_code = ?, suspend_code = ?, "
        "suspend_updated_at = ?, whole_life_state = ?, not_before = ?, asked = ?, ending = ?, jobs = ?, run_priority = ?, "
        "is_borrowing = ?, start_why = ?, suspension = ? WHERE id = ?",
        (
            *(state.queue_status.value, state.worker_status, state.begin_at, state.end_at, state.stop_code),
            *(state.suspend_code, state.suspend_updated_at, state.whole_life_state, state.not_before, state.asked),
            json.dumps(state.end.to_wire(), ensure_ascii=False) if state.end else None,
            pack_jobs(state.jobs) if state.jobs else None,
            *(
                state.run_priority,
                state.is_borrowing,
                json.dumps(packed(state.start_why), ensure_ascii=False) if state.start_why else None,
            ),
            json.dumps(state.suspension.to_store(), ensure_ascii=False) if state.suspension else None,
            state.id,
        ),
    )
    db.execute(
        "UPDATE chains SET chain_status = ?, worker_status = ?, failures = ? WHERE first_id = ?",
        (state.chain_status.value, state.worker_status, state.failures, state.first_id),
    )


def pack_jobs(jobs: Sequence[Job]) -> str:
    """The jobs of a run as one text: they are always read and written together, thousands of them for a wide run."""
    return json.dumps(
        [
            [j.rank, j.status.value, j.node, j.created_at, j.begin_at, j.end_at, j.exit_code, list(j.assigned_gpus)]
            for j in jobs
        ],
        ensure_ascii=False,
        separators=(",", ":"),
    )


def unpack_jobs(text: Optional[str]) -> tuple[Job, ...]:
    """The jobs that :func:`pack_jobs` made a text of; none for None."""
    if text is None:
        return ()
    return tuple(
        Job(
            rank=rank,
            status=JobStatus(status),
            node=node,
            created_at=created_at,
            begin_at=begin_at,
            end_at=end_at,
            exit_code=exit_code,
            assigned_gpus=tuple(gpus),
        )
        for rank, status, node, created_at, begin_at, end_at, exit_code, gpus in json.loads(text)
    )


def _environment_id(db: Database, environment: Optional[Mapping[str, str]]) -> Optional[int]:
    """Shell environments are kilobytes and mostly the same: each different one is kept once."""
    if environment is None:
        return None
    body = json.dumps(environment, sort_keys=True)
    digest = hashlib.blake2b(body.encode(), digest_size=16).digest()
    row: Any = db.one("SELECT id FROM environments WHERE digest = ?", (digest,))
    if row is not None:
        return int(row[0])
    return db.execute("INSERT INTO environments (digest, body) VALUES (?, ?)", (digest, body)).lastrowid
