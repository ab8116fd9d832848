"""Tasks as records, from the rows of the database."""

from __future__ import annotations

import json
from typing import Any, Mapping, Optional, Sequence

from attrs import frozen

from hfai.engine.store.backoff import Backoff
from hfai.engine.store.chains import unpack_jobs
from hfai.engine.store.database import Database, marks
from hfai.model.codes import StopCode, SuspendCode
from hfai.model.phrase import Phrase, unpacked
from hfai.model.records import End, Job, Run, Task
from hfai.model.spec import TaskSpec
from hfai.model.states import QueueStatus
from hfai.model.suspension import Suspension

_CHAIN = "first_id, chain_id, user_name, nb_name, task_type, group_name, nodes, priority, backend, workspace, code_file, schema"
_RUN = (
    "first_id, id, queue_status, created_at, begin_at, end_at, stop_code, suspend_code, suspend_updated_at, "
    "whole_life_state, worker_status, ending, start_why, suspension"
)

# Values in one statement, below the limit of every SQLite.
_AT_ONCE = 500


@frozen
class UnfinishedRun:
    """A run to go on with, and of its chain what scheduling needs."""

    id: int
    first_id: int
    chain_id: str
    user_name: str
    nb_name: str
    group: str
    nodes: int
    priority: int
    queue_status: str
    created_at: float
    begin_at: Optional[float]
    whole_life_state: int
    not_before: float
    asked: Optional[str]
    failures: int
    queued_at: float
    ran_s: float
    user_failures: int
    forced: int
    run_priority: Optional[int]
    is_borrowing: bool
    start_why: str
    suspend_code: SuspendCode
    suspend_updated_at: Optional[float]
    suspension: Optional[Suspension]
    jobs: tuple[Job, ...]
    backoff: Backoff
    pinned_to: Optional[str]


_UNFINISHED = (
    "SELECT r.id, r.first_id, c.chain_id, c.user_name, c.nb_name, c.group_name, c.nodes, c.priority, r.queue_status, "
    "r.created_at, r.begin_at, r.whole_life_state, r.not_before, r.asked, c.failures, coalesce(r.queued_at, r.created_at), "
    "r.ran_s, r.user_failures, r.forced, r.run_priority, r.is_borrowing, r.start_why, r.suspend_code, r.suspend_updated_at, r.suspension, "
    "r.jobs, r.backoff, c.pinned_to FROM runs r JOIN chains c USING (first_id) "
)


def unfinished_runs(db: Database) -> list[UnfinishedRun]:
    """Every run that has not finished, oldest first."""
    return [_unfinished(row) for row in db.all(_UNFINISHED + "WHERE r.queue_status != 'finished' ORDER BY r.id")]


def unfinished_run(db: Database, run_id: int) -> UnfinishedRun:
    """One run; it must exist."""
    return _unfinished(db.one(_UNFINISHED + "WHERE r.id = ?", (run_id,)))


def _unfinished(row: Any) -> UnfinishedRun:
    values = [*row]
    values[20:] = [
        bool(row[20]),
        _phrase(row[21]),
        SuspendCode(row[22]),
        row[23],
        _suspension(row[24]),
        unpack_jobs(row[25]),
        Backoff.from_store(row[26]),
        row[27],
    ]
    return UnfinishedRun(*values)


def used_up(db: Database, first_id: int) -> float:
    """Seconds that the runs of a chain, all of them finished, have run."""
    row = db.one(
        "SELECT ran_s + coalesce(end_at - begin_at, 0) FROM runs WHERE first_id = ? ORDER BY id DESC LIMIT 1",
        (first_id,),
    )
    return float(row[0])


def workspaces_of(db: Database, first_ids: Sequence[int]) -> list[str]:
    """The directories that these chains work in, each once."""
    found: set[str] = set()
    for at in range(0, len(first_ids), _AT_ONCE):
        some = first_ids[at : at + _AT_ONCE]
        found.update(row[0] for row in db.all(f"SELECT DISTINCT workspace FROM chains WHERE first_id IN {marks(some)}", some))
    return sorted(found)


def read_task(db: Database, first_id: int) -> Task:
    """One task; it must exist."""
    return read_tasks(db, [first_id])[0]


def read_tasks(db: Database, first_ids: Sequence[int]) -> list[Task]:
    """Tasks in the order of the ids of their first runs."""
    if not first_ids:
        return []
    among = marks(first_ids)
    chains = {row[0]: row for row in db.all(f"SELECT {_CHAIN} FROM chains WHERE first_id IN {among}", first_ids)}
    runs: dict[int, list[Run]] = {first_id: [] for first_id in first_ids}
    for row in db.all(f"SELECT {_RUN} FROM runs WHERE first_id IN {among} ORDER BY id", first_ids):
        runs[row[0]].append(_run(row))
    tags: dict[int, list[str]] = {}
    for first_id, tag in db.all(f"SELECT first_id, tag FROM tags WHERE first_id IN {among} ORDER BY tag", first_ids):
        tags.setdefault(first_id, []).append(tag)
    return [_task(db, chains[i], tuple(runs[i]), tuple(tags.get(i, ()))) for i in first_ids]


def read_request(db: Database, first_id: int) -> tuple[TaskSpec, Optional[Mapping[str, str]]]:
    """What was asked for, and the environment of the shell that asked."""
    schema, environment = db.one(
        "SELECT schema, body FROM chains LEFT JOIN environments e ON e.id = environment_id WHERE first_id = ?",
        (first_id,),
    )
    return TaskSpec.from_mapping(json.loads(schema)), None if environment is None else json.loads(environment)


def _run(row: Any) -> Run:
    return Run(
        id=row[1],
        queue_status=QueueStatus(row[2]),
        created_at=row[3],
        begin_at=row[4],
        end_at=row[5],
        stop_code=StopCode(row[6]),
        suspend_code=SuspendCode(row[7]),
        suspend_updated_at=row[8],
        whole_life_state=row[9],
        worker_status=row[10],
        end=None if row[11] is None else End.from_wire(json.loads(row[11])),
        start_why=_phrase(row[12]),
        suspension=_suspension(row[13]),
    )


def _phrase(text: Optional[str]) -> str:
    """A reason; before there were templates it was kept as its English text."""
    return unpacked(json.loads(text)) if text and text.startswith("{") else Phrase(text or "")


def _suspension(text: Optional[str]) -> Optional[Suspension]:
    return None if text is None else Suspension.from_store(json.loads(text))


def _task(db: Database, chain: Any, runs: tuple[Run, ...], tags: tuple[str, ...]) -> Task:
    # While a chain waits again it shows where it ran last (wire document, section 2).
    row = db.one("SELECT jobs FROM runs WHERE first_id = ? AND jobs IS NOT NULL ORDER BY id DESC LIMIT 1", (chain[0],))
    jobs = unpack_jobs(row[0]) if row else ()
    schema = json.loads(chain[11])
    return Task(
        chain_id=chain[1],
        user_name=chain[2],
        nb_name=chain[3],
        task_type=chain[4],
        group=chain[5],
        nodes=chain[6],
        priority=chain[7],
        backend=chain[8],
        workspace=chain[9],
        code_file=chain[10],
        schema=schema,
        tags=tags,
        runs=runs,
        jobs=jobs,
        assigned_nodes=tuple(job.node for job in jobs),
        config={"client_group": schema["resource"]["group"]},
    )
