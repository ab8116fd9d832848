"""Nodes as ``nodes`` and the monitor show them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional

from hfai.cli.language import mark, tr
from hfai.cli.output import Column, Listing
from hfai.cli.sizes import size_text
from hfai.cli.task_columns import moment
from hfai.model.phrase import Phrase

if TYPE_CHECKING:
    from hfai.client import NodeInfo

STATES = {
    "working": mark("working"),
    "free": mark("free"),
    "cordoned": mark("cordoned"),
    "not_ready": mark("not ready"),
    "other": mark("not for training"),
}
_GREEN, _YELLOW, _RED = 32, 33, 31
_COLOURS = {"working": _GREEN, "cordoned": _YELLOW, "not_ready": _RED}


def state_text(node: NodeInfo) -> str:
    """The state of a node in the user's language."""
    return tr(STATES[node.state])


def reason_text(node: NodeInfo) -> str:
    """Why it takes nothing new, in the user's language where the platform says it."""
    from hfai.cli.wording import said

    reason = node.cordon_reason or ""
    return said(reason) if isinstance(reason, Phrase) else reason


def _colour(text: str) -> Optional[int]:
    return next((number for state, number in _COLOURS.items() if tr(STATES[state]) == text), None)


# Shorter than the keys of --json: with those ten columns fit no terminal of 80.
NODES = Listing(
    columns=(
        Column("name"),
        Column("group"),
        Column("state", state_text, colour=_colour),
        Column("user", lambda node: node.working_user),
        Column("task", lambda node: node.working_task_name or node.working_task_id),
        Column("rank", lambda node: node.working_task_rank),
        Column("gpus", lambda node: node.gpu_num),
        Column("cpu"),
        Column("memory", lambda node: size_text(node.memory_bytes)),
        Column("reason", reason_text),
        Column("task_id", lambda node: node.working_task_id, is_wide=True),
        Column("label", is_wide=True),
        Column("category", is_wide=True),
        Column("cordoned_by", is_wide=True),
        Column("cordoned_at", lambda node: moment(node.cordoned_at), is_wide=True),
    ),
    name="name",
    key="name",
)


def node_json(node: NodeInfo) -> dict[str, Any]:
    """A node as ``--json`` prints it."""
    at = node.cordoned_at
    reason = None if node.cordon_reason is None else str(node.cordon_reason)
    body = {**node._asdict(), "cordon_reason": reason, "state": node.state, "is_cordoned": node.is_cordoned}
    return {**body, "cordoned_at": at.isoformat() if at else None}
