"""Quotas: what the caller may have and has (``query/user/quota/list``), and the rows, for administrators."""

from __future__ import annotations

from collections import Counter
from typing import Any, Mapping

from hfai.engine.accounts import QuotaEntry
from hfai.engine.config_quotas import ANY, Row, read_row
from hfai.engine.http.auth import ensure_admin
from hfai.engine.http.call import Answer, Call
from hfai.engine.queries import QuotaUse
from hfai.model.errors import UsageError
from hfai.model.priorities import Priority


async def list_quota(call: Call) -> Answer:
    """Nodes per group and priority: what the quotas grant, at most those that there are, and what is in use of it.

    The keys of HAI Platform count as in use what waits as well (wire document, section 5); ours, ``rows``, tells both apart.
    Administrators may name a user, or ``*`` for everybody: then ``rows`` has what somebody is limited to or uses.
    """
    engine = call.engine
    user_name = call.arguments.optional("user_name") or call.user.name
    if user_name != call.user.name:
        ensure_admin(call.user)
    uses, sizes = engine.quota_uses(), Counter(view.node.group for view in engine.nodes())
    if user_name == ANY:
        names = sorted({engine.accounts.owner.name, *(row.name for row in engine.accounts.users), *uses})
        rows = [row for name in names for row in _quota_rows(call, name, uses, sizes) if _tells_something(row)]
        own: list[dict[str, Any]] = []
    else:
        if user_name not in uses and engine.accounts.named(user_name) is None:
            engine.accounts.user_row(user_name)  # raises, with the name that may have been meant
        rows = own = _quota_rows(call, user_name, uses, sizes)
    granted, used = {}, {}
    for row in own:
        key = f"{row['group']}-{Priority(row['priority']).name}"
        if row["priority"] != Priority.AUTO:
            granted[f"node-{key}"] = row["group_nodes"] if row["quota"] is None else min(row["group_nodes"], row["quota"])
        used[key] = row["running"] + row["waiting"]
    result = {
        "port_quota": 0,
        "jupyter_quota": {},
        "train_environments": ["default"],
        "node_quota": granted,
        "node_quota_limit": {},
        "node_quota_limit_extra": {},
        "used_node_quota": used,
        "spot_jupyter": 0,
        "dedicated_jupyter": 0,
        "background_task": 0,
        "rows": rows,
    }
    return {"success": 1, "result": result}


def _quota_rows(
    call: Call, name: str, uses: Mapping[str, QuotaUse], sizes: Mapping[str, int]
) -> list[dict[str, Any]]:
    """Every group and priority of one user; AUTO only where tasks wait at it."""
    use, rows = uses.get(name) or QuotaUse(Counter(), Counter()), []
    for group, size in sizes.items():
        for priority in Priority:
            running, waiting = use.running[group, priority], use.waiting[group, priority]
            if priority is Priority.AUTO and not waiting:
                continue
            quota = None
            if priority is not Priority.AUTO:
                quota = call.engine.accounts.quotas.limit(name, group, priority)
            row = {"user_name": name, "group": group, "priority": int(priority), "quota": quota}
            rows.append({**row, "running": running, "waiting": waiting, "group_nodes": size})
    return rows


def _tells_something(row: Mapping[str, Any]) -> bool:
    return row["quota"] is not None or bool(row["running"] or row["waiting"])


async def list_rows(call: Call) -> Answer:
    """The rows that count, those of engine.yaml among them, with the nodes of the tasks that each counts for."""
    running, waiting = _use_of_rows(call)
    entries = call.engine.accounts.quota_entries
    return {"success": 1, "result": [_shown(entry, running, waiting) for entry in entries]}


def _use_of_rows(call: Call) -> tuple[Counter[Row], Counter[Row]]:
    """Nodes of the tasks that run and that wait, by the row that counts for each."""
    quotas = call.engine.accounts.quotas
    running, waiting = Counter[Row](), Counter[Row]()
    for name, use in call.engine.quota_uses().items():
        for nodes_of, total in ((use.running, running), (use.waiting, waiting)):
            for (group, priority), nodes in nodes_of.items():
                row = quotas.row_of(name, group, priority)
                if row is not None:
                    total[row] += nodes
    return running, waiting


async def set_row(call: Call) -> Answer:
    """Set ``nodes`` for ``user``, ``group`` and ``priority``, each of which may be left out: for each. It counts at once."""
    arguments = call.arguments
    given: dict[str, Any] = _key(call)
    given["nodes"] = arguments.whole("nodes")
    arguments.ensure_valid()
    row, nodes = _read(given)
    _ensure_group(call, row)
    call.engine.accounts.set_quota(row, nodes)
    return {"success": 1, "result": _shown(QuotaEntry(row, nodes, "store"), *_use_of_rows(call))}


async def remove_row(call: Call) -> Answer:
    """Remove a row that was set; that of engine.yaml counts again, if there is one."""
    row, _ = _read({**_key(call), "nodes": 0})
    call.engine.accounts.remove_quota(row)
    user, group, _ = row
    return {"success": 1, "result": {"user": user, "group": group, "priority": _priority(row)}}


def _key(call: Call) -> dict[str, Any]:
    key: dict[str, Any] = {name: call.arguments.optional(name) or ANY for name in ("user", "group", "priority")}
    if key["priority"].isascii() and key["priority"].isdigit():
        key["priority"] = int(key["priority"])
    return key


def _read(given: dict[str, Any]) -> tuple[Row, int]:
    try:
        return read_row("quota", given)
    except ValueError as error:
        raise UsageError("{message}", message=str(error)) from None


def _ensure_group(call: Call, row: Row) -> None:
    groups = {view.node.group for view in call.engine.nodes()}
    if row[1] != ANY and row[1] not in groups:
        known = ", ".join(sorted(groups)) or "none"
        raise UsageError("no group of nodes {group}; there are: {known}", group=row[1], known=known)


def _shown(entry: QuotaEntry, running: Counter[Row], waiting: Counter[Row]) -> dict[str, Any]:
    user, group, _ = entry.row
    return {
        "user": user,
        "group": group,
        "priority": _priority(entry.row),
        "nodes": entry.nodes,
        "source": entry.source,
        "running": running[entry.row],
        "waiting": waiting[entry.row],
    }


def _priority(row: Row) -> str:
    return ANY if row[2] is None else Priority(row[2]).name
