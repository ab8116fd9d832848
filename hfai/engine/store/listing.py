"""Pages of a user's or everybody's tasks, as fast over a long history as over a short one.

Totals come from the counters wherever they can. A filter by status is answered either by walking the tasks newest first
until the page is full or by the index of that status, whichever touches fewer rows; the counters tell. Only a part of a
name is looked for in every row: see ``searching.py``.
"""

from __future__ import annotations

from typing import Any

from hfai.engine.queries import ListQuery
from hfai.engine.store.database import Reading, marks

_QUEUE = {"queued": ("waiting_init", "suspended"), "scheduled": ("running",), "finished": ("finished",)}
_STAR = "star"
EVERYBODY = "*"
_WALKS = {"first_id": "chains_of_user_first", "newest_id": "chains_of_user"}
# The table itself is in the order of first_id.
_WALKS_OF_ALL = {"first_id": " NOT INDEXED", "newest_id": " INDEXED BY chains_newest"}
# The rows of this index are a few bytes each: reading it whole costs a quarter of walking through the table.
_NAMES = "chains_by_name"
_CHEAPER = 4
_OF_CHAIN_IDS = frozenset("0123456789abcdef-")


def list_chains(db: Reading, query: ListQuery, user_name: str) -> tuple[list[int], int]:
    """One page of chains, by the ids of their first runs, and how many there are on all pages."""
    counted, values = _counted_filters(query, user_name)
    other, other_values = _other_filters(query, user_name)
    matching = _sum(db, counted, values)
    if matching == 0:
        return [], 0
    end = query.page * query.page_size
    order = "first_id" if query.order_by == "first_id" else "newest_id"
    everything = _sum(db, *_of(user_name))
    if matching == everything:  # nothing is filtered out: no row has to be read for that
        counted, values = _of(user_name)
    source = "chains"
    if not other and end * everything < matching * matching:
        # Nearly every row fits: walk them in the order of the page.
        source += f" INDEXED BY {_WALKS[order]}" if user_name != EVERYBODY else _WALKS_OF_ALL[order]
    where = " AND ".join(counted + other)
    values = values + other_values
    total = matching if not other else int(db.one(f"SELECT count(*) FROM chains WHERE {where}", values)[0])
    if end - query.page_size >= total:
        return [], total
    if query.nb_name_pattern and user_name != EVERYBODY and total < _CHEAPER * end:
        source += f" INDEXED BY {_NAMES}"
    rows = db.all(
        f"SELECT first_id FROM {source} WHERE {where} ORDER BY {order} DESC LIMIT ? OFFSET ?",
        [*values, query.page_size, end - query.page_size],
    )
    return [row[0] for row in rows], total


def newest(db: Reading, user_name: str, count: int) -> list[tuple[int, str, str]]:
    """Newest id, name and status of a user's newest chains."""
    rows: list[tuple[int, str, str]] = db.all(
        "SELECT newest_id, nb_name, chain_status FROM chains WHERE user_name = ? ORDER BY newest_id DESC LIMIT ?",
        (user_name, count),
    )
    return rows


def _of(user_name: str) -> tuple[list[str], list[Any]]:
    """The condition that a row is the user's; always true for everybody's."""
    return (["1"], []) if user_name == EVERYBODY else (["user_name = ?"], [user_name])


def _sum(db: Reading, where: list[str], values: list[Any]) -> int:
    return int(db.one(f"SELECT coalesce(sum(count), 0) FROM counters WHERE {' AND '.join(where)}", values)[0])


def _counted_filters(query: ListQuery, user_name: str) -> tuple[list[str], list[Any]]:
    """Conditions on columns that the counters have as well."""
    where, values = _of(user_name)
    statuses = [query.chain_status] if query.chain_status else []
    if query.queue_status:
        statuses.append(tuple(status for name in query.queue_status for status in _QUEUE.get(name, ("",))))
    groups = tuple(group.partition("#")[0] for group in query.group)
    columns = [("chain_status", chosen) for chosen in statuses]
    columns += [("task_type", query.task_type), ("group_name", groups), ("worker_status", query.worker_status)]
    for column, chosen in columns:
        if chosen:
            where.append(f"{column} IN {marks(chosen)}")
            values += chosen
    return where, values


def _other_filters(query: ListQuery, user_name: str) -> tuple[list[str], list[Any]]:
    where: list[str] = []
    values: list[Any] = []
    for tags, word in ((query.tag, "IN"), ((_STAR,) if query.only_star else (), "IN"), (query.excluded_tag, "NOT IN")):
        if tags:
            own, of = _of(user_name)
            conditions = " AND ".join([*own, f"tag IN {marks(tags)}"])
            where.append(f"first_id {word} (SELECT first_id FROM tags WHERE {conditions})")
            values += [*of, *tags]
    if query.nb_name_pattern:
        condition, parts = _has_part(query.nb_name_pattern)
        where.append(condition)
        values += parts
    if query.created_start is not None:
        where.append("created_at >= ?")
        values.append(query.created_start)
    if query.created_end is not None:
        where.append("created_at <= ?")
        values.append(query.created_end)
    return where, values


def _has_part(part: str) -> tuple[str, list[Any]]:
    """The condition that the name or the chain id holds a text, or the newest id begins with it.

    The ids are left out where they cannot: names are then all that has to be read.
    """
    conditions: list[str] = ["instr(nb_name, ?)"]
    values: list[Any] = [part]
    if _OF_CHAIN_IDS.issuperset(part):
        conditions.append("instr(chain_id, ?)")
        values.append(part)
    if part.isascii() and part.isdigit():
        conditions.append("substr(newest_id, 1, ?) = ?")
        values += [len(part), part]
    return f"({' OR '.join(conditions)})", values
