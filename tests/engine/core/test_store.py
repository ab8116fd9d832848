"""The database: its file, its versions, and a disk that cannot take what is written."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
from pathlib import Path
from typing import Any

import pytest

from hfai.engine.config import EngineConfig
from hfai.engine.scheduling.live import LiveRun
from hfai.engine.scheduling.scheduler import Scheduler
from hfai.engine.store.chains import NewChain, add_chain
from hfai.engine.store.database import Database
from hfai.engine.store.migrations import MIGRATIONS
from hfai.engine.store.reading import read_request, read_task, unfinished_runs
from hfai.engine.system import SystemClock
from hfai.engine.watching import Watches
from hfai.model.errors import EngineStartError, StorageFull
from hfai.model.spec import TaskSpec
from hfai.testing.executor import FakeExecutor


def chain(name: str, parameters: str = "") -> NewChain:
    spec = TaskSpec(name=name, entrypoint="a.py", workspace="/w", parameters=parameters)
    return NewChain(f"chain-of-{name}", "user", "default", spec, 1.0, {"PATH": "/bin", "odd": "\udcff"})


def test_the_file_is_private_and_keeps_its_identity(tmp_path: Path) -> None:
    """Mode 0600 whatever the umask, the same engine id at every start."""
    path = tmp_path / "engine.db"
    db = Database(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    engine_id = db.engine_id
    db.close()
    again = Database(path)
    assert again.engine_id == engine_id
    again.close()


def test_what_was_asked_for_comes_back(tmp_path: Path) -> None:
    """The request, its shell environment byte for byte, kept once for many tasks."""
    db = Database(tmp_path / "engine.db")
    with db.transaction():
        first = add_chain(db, chain("a", "--x 'y z'"))
        second = add_chain(db, chain("b"))
    spec, environment = read_request(db, first)
    assert (spec.name, spec.parameters, environment) == ("a", "--x 'y z'", {"PATH": "/bin", "odd": "\udcff"})
    assert read_task(db, second).nb_name == "b"
    assert db.one("SELECT count(*) FROM environments") == (1,)
    db.close()


def test_a_newer_database_is_left_alone(tmp_path: Path) -> None:
    """With a reason that says what to do."""
    path = tmp_path / "engine.db"
    Database(path).close()
    with sqlite3.connect(path) as raw:
        raw.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    raw.close()
    with pytest.raises(EngineStartError, match="newer hfai"):
        Database(path)


def test_no_database_at_all(tmp_path: Path) -> None:
    """A file of something else is named, not overwritten."""
    path = tmp_path / "engine.db"
    path.write_text("This is my diary. " * 100)
    with pytest.raises(EngineStartError, match="cannot be used as a database"):
        Database(path)
    assert path.read_text().startswith("This is my diary.")


def fill_up(db: Database) -> None:
    """Let the database grow no further, as on a full disk."""
    pages = db.one("PRAGMA page_count")[0]
    db.execute(f"PRAGMA max_page_count = {pages}")


def free_up(db: Database) -> None:
    db.execute("PRAGMA max_page_count = 1000000")


def test_a_full_disk_leaves_nothing_half_written(tmp_path: Path) -> None:
    """A submission that does not fit is refused whole, and works once there is space."""
    db = Database(tmp_path / "engine.db")
    fill_up(db)
    with pytest.raises(StorageFull), db.transaction():
        add_chain(db, chain("big", "x" * 1900))
        for number in range(20):
            add_chain(db, chain(f"big{number}", "x" * 1900))
    assert unfinished_runs(db) == []
    assert db.one("SELECT count(*) FROM chains") == (0,)
    free_up(db)
    with db.transaction():
        add_chain(db, chain("big", "x" * 1900))
    assert [run.nb_name for run in unfinished_runs(db)] == ["big"]
    db.close()


def test_scheduling_survives_a_full_disk(tmp_path: Path) -> None:
    """What cannot be stored is not launched; when there is space again everything goes on by itself."""

    async def work() -> None:
        db = Database(tmp_path / "engine.db")
        config = EngineConfig.from_mapping({}, state_dir=tmp_path)
        executor = FakeExecutor(2)
        orders: Any = lambda run, cluster: _Order(run.id)  # noqa: E731
        scheduler = Scheduler(config, SystemClock(), db, executor, Watches(), orders, lambda: None)
        await executor.start(scheduler.reports)
        with db.transaction():
            ids = [add_chain(db, chain(name)) for name in ("a", "b", "c")]
        scheduler.start()
        assert sorted(executor.orders) == ids[:2]
        # The end with its last lines no longer fits.
        fill_up(db)
        executor.end(ids[0], code=1, last_lines=("x" * 100_000,))
        scheduler.tick(1.0)
        assert sorted(executor.orders) == ids[:2]
        assert {run.id for run in unfinished_runs(db)} == set(ids)
        free_up(db)
        scheduler.tick(2.0)
        assert sorted(executor.orders) == ids[1:]
        assert {run.id for run in unfinished_runs(db)} == set(ids[1:])
        scheduler.close()
        db.close()

    asyncio.run(work())


class _Order:
    """All that the scheduler and the fake executor look at."""

    task = TaskSpec(name="x", entrypoint="a.py")

    def __init__(self, run_id: int) -> None:
        self.run_id = run_id


def test_a_live_run_is_the_same_after_a_restart(tmp_path: Path) -> None:
    """What memory holds of a queued run is all in the store."""
    db = Database(tmp_path / "engine.db")
    with db.transaction():
        run_id = add_chain(db, chain("a"))
    run = LiveRun.of(unfinished_runs(db)[0])
    assert (run.id, run.first_id, run.worker_status, run.state().chain_status.value) == (
        *(run_id, run_id, "queued"),
        "waiting_init",
    )
    db.close()
