"""Lists: filters, pages, totals, tags; and that a long history costs nothing."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

from hfai.engine.queries import ListQuery
from hfai.engine.store.database import Database
from hfai.engine.store.listing import list_chains
from hfai.engine.store.searching import Searches


def finish(bench: Any, name: str, code: int = 0, **more: Any) -> Any:
    task = bench.submit(name, **more)
    bench.executor.end(task.id, code=code)
    bench.engine.tick()
    return task


def test_filters(bench: Any) -> None:
    """Each filter alone and several together, newest first."""

    async def work() -> None:
        async with bench.running():
            start = bench.clock.now()
            finish(bench, "good", options={"tags": ["a", "star"]})
            finish(bench, "bad", 1)
            bench.clock.advance(100)
            bench.submit("all", 4, options={"tags": "a,b"})
            bench.submit("waits", task_type="background")
            total = bench.engine.list_tasks(ListQuery(page_size=1), user=bench.user)[1]
            assert total == 4
            assert bench.names() == ["waits", "all", "bad", "good"]
            assert bench.names(page=2, page_size=3) == ["good"]
            assert bench.names(page=3, page_size=3) == []
            assert bench.names(order_by="first_id") == ["waits", "all", "bad", "good"]
            assert bench.names(worker_status=("failed", "succeeded")) == ["bad", "good"]
            assert bench.names(queue_status=("queued", "scheduled")) == ["waits", "all"]
            assert bench.names(chain_status=("waiting_init",)) == ["waits"]
            assert bench.names(chain_status=("running",), queue_status=("queued",)) == []
            assert bench.names(task_type=("background", "jupyter")) == ["waits"]
            assert bench.names(tag=("a",)) == ["all", "good"]
            assert bench.names(tag=("a",), excluded_tag=("b",)) == ["good"]
            assert bench.names(only_star=True) == ["good"]
            assert bench.names(group=("default#X",)) == ["waits", "all", "bad", "good"]
            assert bench.names(group=("other",)) == []
            assert bench.names(nb_name_pattern="a") != []
            assert bench.names(nb_name_pattern="wai") == ["waits"]
            assert bench.names(nb_name_pattern="2") == [
                task.nb_name
                for task in bench.engine.list_tasks(ListQuery(), user=bench.user)[0]
                if str(task.id).startswith("2") or "2" in task.chain_id
            ]
            assert bench.names(created_start=start, created_end=start + 1) == ["bad", "good"]
            assert bench.names(created_start=start + 50, created_end=start + 200) == ["waits", "all"]
            assert bench.names(queue_status=("nonsense",)) == []

    asyncio.run(work())


def test_tags(bench: Any) -> None:
    """Put on, taken off, counted once; of one's own tasks."""

    async def work() -> None:
        async with bench.running():
            task = bench.submit("task", options={"tags": ["b"]})
            other = bench.submit("other", options={"tags": ["b", "c"]})
            assert bench.engine.tags.add(task, "star").tags == ("b", "star")
            assert bench.engine.tags.add(task, "star").to_wire()["star"] is True
            assert bench.engine.tags.of(bench.user) == ["b", "c", "star"]
            assert bench.engine.tags.remove(bench.engine.tags.remove(task, "star"), "nothing").tags == ("b",)
            bench.engine.tags.remove(other, "c")
            assert bench.engine.tags.of(bench.user) == ["b"]

    asyncio.run(work())


def fill(db: Database, count: int) -> None:
    """A history of finished chains, as plain rows; columns that are not named keep their defaults."""
    with db.transaction():
        for table, columns, values in (
            (
                "runs",
                "id, first_id, queue_status, worker_status, created_at, begin_at, end_at, whole_life_state, queued_at, run_priority",
                "i, i, 'finished', 'succeeded', i, i, i, 0, i, 30",
            ),
            (
                "chains",
                "first_id, chain_id, user_name, nb_name, task_type, group_name, nodes, priority, newest_id, created_at, chain_status, "
                "worker_status, backend, workspace, code_file, schema",
                "i, 'chain-' || i, 'u', 'n' || i, 'training', 'default', 1, 30, i, i, 'finished', 'succeeded', 'default', '/w', 'c', '{}'",
            ),
        ):
            db.execute(
                f"WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count}) "
                f"INSERT INTO {table} ({columns}) SELECT {values} FROM n"
            )


QUERIES = (
    ListQuery(),
    ListQuery(task_type=("training", "virtual", "background")),
    ListQuery(chain_status=("running", "waiting_init")),
    ListQuery(worker_status=("failed",)),
    ListQuery(worker_status=("succeeded",), task_type=("training",)),
    ListQuery(queue_status=("finished", "queued"), order_by="first_id"),
)


def best_s(db: Database, query: ListQuery) -> float:
    taken_s = []
    for _ in range(15):
        begin = time.perf_counter()
        list_chains(db, query, "u")
        taken_s.append(time.perf_counter() - begin)
    return min(taken_s)


def test_a_long_history_costs_nothing(tmp_path: Path) -> None:
    """Fifty times the history, the same time (with room for chance); what reads every row would take fifty times as long."""
    short, long = Database(tmp_path / "short.db"), Database(tmp_path / "long.db")
    fill(short, 1_000)
    fill(long, 50_000)
    assert list_chains(long, ListQuery(), "u")[1] == 50_000
    for query in QUERIES:
        assert best_s(long, query) < 3 * best_s(short, query) + 0.0005, query
    short.close()
    long.close()


def test_a_part_of_a_name_in_a_long_history(tmp_path: Path) -> None:
    """The newest first, whether a few names hold it or nearly all; the ids count where they can hold it."""
    db = Database(tmp_path / "long.db")
    fill(db, 2_000)
    every = list(range(2_000, 0, -1))
    searches: tuple[tuple[str, dict[str, Any]], ...] = (
        ("n", {}),
        ("n12", {}),
        ("1999", {}),
        ("19", {"page": 2}),
        ("19", {"page": 2000}),
        ("nothing", {}),
        ("n1", {"worker_status": ("succeeded",)}),
        ("n1", {"task_type": ("training", "virtual")}),
        ("-7", {}),
        ("n5", {"order_by": "first_id"}),
    )
    for part, filters in searches:
        for user in ("u", "*"):
            held = [i for i in every if part in f"n{i}" or part in f"chain-{i}" or str(i).startswith(part)]
            found, total = list_chains(db, ListQuery(nb_name_pattern=part, page_size=20, **filters), user)
            page = filters.get("page", 1)
            assert (found, total) == (held[20 * (page - 1) : 20 * page], len(held)), (part, user)
    db.close()


def test_a_search_holds_nobody_up(tmp_path: Path) -> None:
    """The loop turns while every name is looked at, and something may be written meanwhile."""

    async def work() -> int:
        searching = asyncio.ensure_future(searches.list_chains(ListQuery(nb_name_pattern="-49999"), "u"))
        turns = 0
        with db.transaction():
            db.execute("UPDATE chains SET nb_name = 'other' WHERE first_id = 1")
            while not searching.done():
                await asyncio.sleep(0)
                turns += 1
        assert await searching == ([49_999], 1)
        return turns

    db, searches = Database(tmp_path / "long ?#.db"), Searches(tmp_path / "long ?#.db")
    fill(db, 50_000)
    assert asyncio.run(work()) > 5
    searches.close()
    db.close()
