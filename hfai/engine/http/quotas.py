"""Quotas: what the caller may have and has (``query/user/quota/list``), and the rows, for administrators."""

from __future__ import annotations

from typing import Any

from hfai.engine.accounts import QuotaEntry
from hfai.engine.config_quotas import ANY, Row, read_row
from hfai.engine.http.call import Answer, Call
from hfai.model.errors import UsageError
from hfai.model.priorities import Priority


async def list_quota(call: Call) -> Answer:
    """Nodes per group and priority: what the quotas grant, at most those that there are, and what is in use of it.

    The keys of HAI Platform count as in use what waits as well (wire document, section 5); ours, ``rows``, tells both apart.
    """
    engine, name = call.engine, call.user.name
    sizes: dict[str, int] = {}
    for view in engine.nodes():
        sizes[view.node.group] = sizes.get(view.node.group, 0) + 1
    use = engine.quota_use(name)
    rows: list[dict[str, Any]] = []
    granted, used = {}, {}
    for group, size in sizes.items():
        for priority in Priority:
            key = f"{group}-{priority.name}"
            running, waiting = use.running.get((group, priority), 0), use.waiting.get((group, priority), 0)
            quota = None
            if priority is not Priority.AUTO:
                quota = engine.accounts.quotas.limit(name, group, priority)
                granted[f"node-{key}"] = size if quota is None else min(size, quota)
            elif not waiting:
                continue
            used[key] = running + waiting
            use_now = {"quota": quota, "running": running, "waiting": waiting, "group_nodes": size}
            rows.append({"group": group, "priority": int(priority), **use_now})
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


async def list_rows(call: Call) -> Answer:
    """The rows that count, those of engine.yaml among them."""
    return {"success": 1, "result": [_shown(entry) for entry in call.engine.accounts.quota_entries]}


async def set_row(call: Call) -> Answer:
    """Set ``nodes`` for ``user``, ``group`` and ``priority``, each of which may be left out: for each. It counts at once."""
    arguments = call.arguments
    given: dict[str, Any] = _key(call)
    given["nodes"] = arguments.whole("nodes")
    arguments.ensure_valid()
    row, nodes = _read(given)
    _ensure_group(call, row)
    call.engine.accounts.set_quota(row, nodes)
    return {"success": 1, "result": _shown(QuotaEntry(row, nodes, "store"))}


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
        raise UsageError("no group of nodes {group}: there are {known}", group=row[1], known=known)


def _shown(entry: QuotaEntry) -> dict[str, Any]:
    user, group, _ = entry.row
    return {
        "user": user,
        "group": group,
        "priority": _priority(entry.row),
        "nodes": entry.nodes,
        "source": entry.source,
    }


def _priority(row: Row) -> str:
    return ANY if row[2] is None else Priority(row[2]).name
