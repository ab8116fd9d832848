"""The groups of nodes as a tree: each dot in a group's label is one step down."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Iterator, Mapping, Optional, Sequence

from hfai.cli.bars import can_show
from hfai.cli.language import tr
from hfai.cli.node_columns import STATES, reason_text, state_text

if TYPE_CHECKING:
    from hfai.client import NodeInfo

_LINES = ("├── ", "└── ", "│   ", "    ")
_ASCII_LINES = ("|-- ", "`-- ", "|   ", "    ")


class Branch:
    """One step of a label: the nodes that have it whole, and the steps below it."""

    def __init__(self, name: str, label: str) -> None:
        self.name = name
        self.label = label
        self.nodes: list[NodeInfo] = []
        self.below: dict[str, Branch] = {}

    def every_node(self) -> Iterator[NodeInfo]:
        """Its nodes and those below it."""
        yield from self.nodes
        for branch in self.below.values():
            yield from branch.every_node()


def tree_of(nodes: Sequence[NodeInfo]) -> Branch:
    """The nodes by label; those without one, and the top steps, are in a nameless root."""
    root = Branch("", "")
    for node in nodes:
        branch = root
        for step in (node.label or node.group).split("."):
            label = f"{branch.label}.{step}" if branch.label else step
            branch = branch.below.setdefault(step, Branch(step, label))
        branch.nodes.append(node)
    return root


def tree_text(root: Branch, *, is_ascii: bool = False) -> str:
    """The tree in lines: groups with their counts, nodes with who works there."""
    lines = _ASCII_LINES if is_ascii or not can_show("".join(_LINES)) else _LINES
    return "".join(f"{line}\n" for line in _drawn(root, None, lines))


def tree_json(branch: Branch) -> dict[str, Any]:
    """A branch as ``nodes --tree --json`` prints it."""
    return {
        "name": branch.name,
        "label": branch.label,
        "counts": _counts(branch),
        "nodes": [node.name for node in branch.nodes],
        "groups": [tree_json(below) for below in branch.below.values()],
    }


def _drawn(branch: Branch, indent: Optional[str], lines: Sequence[str]) -> Iterator[str]:
    """What is below a branch; ``indent`` is None for the root, which is not drawn itself."""
    step, last, pass_by, blank = lines
    entries: list[tuple[str, Optional[Branch]]] = [(_group_text(below), below) for below in branch.below.values()]
    entries += [(_node_text(node), None) for node in branch.nodes]
    for at, (text, below) in enumerate(entries, 1):
        is_last = at == len(entries)
        yield text if indent is None else f"{indent}{last if is_last else step}{text}"
        if below is not None:
            yield from _drawn(below, "" if indent is None else indent + (blank if is_last else pass_by), lines)


def _counts(branch: Branch) -> Mapping[str, int]:
    nodes = list(branch.every_node())
    found = {state: sum(node.state == state for node in nodes) for state in STATES}
    return {"total": len(nodes), **found}


def _group_text(branch: Branch) -> str:
    counts = dict(_counts(branch))
    total = counts.pop("total")
    states = ", ".join(f"{count} {tr(STATES[state])}" for state, count in counts.items() if count)
    return f"{branch.name or '-'} [{total}]  {states}"


def _node_text(node: NodeInfo) -> str:
    text = f"{node.name}  {state_text(node)}"
    if node.is_working:
        task = node.working_task_name or node.working_task_id
        text += tr(": rank {rank} of {task}, {user}", rank=node.working_task_rank, task=task, user=node.working_user)
    return f"{text} ({reason_text(node)})" if node.cordon_reason else text
