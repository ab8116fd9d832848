"""The sections of ``monitor top``: nodes, running tasks, queue; of each only the rows that may be seen are made."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Optional, Sequence

from hfai.cli.language import tr
from hfai.cli.monitor.lines import CYAN, DIM, GAP, GREEN, RED, REVERSE, YELLOW, Field, Line, listed
from hfai.cli.node_columns import state_text
from hfai.cli.queue_columns import priority_name
from hfai.cli.sizes import size_text, span_text
from hfai.cli.text_width import wrap
from hfai.cli.wording import said

if TYPE_CHECKING:
    from datetime import datetime

    from hfai.client import ClusterOverview, NodeInfo, TaskOverview

_STATE_LOOKS = {"working": GREEN, "cordoned": YELLOW, "not_ready": RED}
# A reason gets a column of its own where at least so much is left for it; else lines below its task.
_REASON_COLUMNS = 64
_REASON_LINES = 2


class Section(NamedTuple):
    """A title, a heading, and rows of one line or more.

    Attributes:
        left: how many rows there are from the first one on, made or not.
    """

    title: Line
    heading: Optional[Line]
    rows: list[list[Line]]
    left: int

    @property
    def heads(self) -> list[Line]:
        """What stands above the rows."""
        return [self.title] if self.heading is None else [self.title, self.heading]

    @property
    def lines(self) -> list[Line]:
        """All of it."""
        return [*self.heads, *(line for row in self.rows for line in row)]

    def fitted(self, room: int) -> list[Line]:
        """In so many lines; how many rows are not shown, it says in the last one."""
        lines = self.heads[:room]
        count = 0
        for row in self.rows:
            is_last = count == self.left - 1
            if len(lines) + len(row) > room - (0 if is_last else 1):
                break
            lines += row
            count += 1
        if count < self.left and len(lines) < room:
            lines.append(Line((tr("... {count} more", count=self.left - count), DIM)))
        return lines


def _titled(text: str, fields: Sequence[Field], rows: Sequence[object], left: int, columns: int) -> Section:
    title = Line((f" {text} ", REVERSE))
    title = Line((title.text + " " * (columns - title.width), REVERSE))
    if not rows:
        return Section(title, None, [], left)
    heading, *lines = listed(fields, rows, columns)
    return Section(title, heading, [[line] for line in lines], left)


def nodes_section(cluster: ClusterOverview, window: slice, columns: int) -> Section:
    """The nodes, who works there, and what that uses."""
    use = {one.name: one for one in cluster.use}
    gpus = {gpu.number: gpu for machine in cluster.machines for gpu in machine.gpus}

    def cpu(node: NodeInfo) -> str:
        used = use.get(node.name)
        return "" if used is None or used.cpu_percent is None else f"{used.cpu_percent:.0f}%"

    def memory(node: NodeInfo) -> str:
        return size_text(use[node.name].memory_bytes) if node.name in use else ""

    def rank(node: NodeInfo) -> str:
        return "" if node.working_task_rank is None else str(node.working_task_rank)

    fields = [
        Field(tr("node"), lambda node: node.name, 0),
        Field(tr("state"), state_text, 1, look=lambda node: _STATE_LOOKS.get(node.state)),
        Field(tr("user"), lambda node: node.working_user or "", 4, 14),
        Field(tr("task"), lambda node: node.working_task_name or str(node.working_task_id or ""), 2),
        Field(tr("rank"), rank, 5, is_number=True),
        Field("cpu", cpu, 3, is_number=True),
        Field(tr("memory"), memory, 3, is_number=True),
    ]
    if gpus:
        fields.append(Field("gpus", lambda node: str(node.gpu_num), 6, is_number=True))
    if any(node.cordon_reason for node in cluster.nodes):
        fields.append(Field(tr("reason"), lambda node: node.cordon_reason or "", 6, 40, 10))
    count = len(cluster.nodes)
    return _titled(tr("NODES {count}", count=count), fields, cluster.nodes[window], count - window.start, columns)


def tasks_section(tasks: TaskOverview, now: datetime, window: slice, columns: int) -> Section:
    """The tasks that have nodes."""
    running = [task for task in tasks.tasks if task.is_running][window]
    fields = [
        Field("id", lambda task: str(task.id), 1, is_number=True),
        Field(tr("task"), lambda task: task.nb_name, 0, look=lambda task: GREEN),
        Field(tr("user"), lambda task: task.user_name, 4, 14),
        Field(tr("priority"), lambda task: priority_name(task.priority), 2),
        Field(tr("nodes"), lambda task: str(task.nodes), 3, is_number=True),
        Field(tr("runs for"), lambda task: span_text((now - task.begin_at).total_seconds()) if task.begin_at else "", 2, is_number=True),
        Field(tr("on"), lambda task: " ".join(task.assigned_nodes), 5, 60, 10),
    ]
    return _titled(tr("RUNNING {count}", count=tasks.running), fields, running, tasks.running - window.start, columns)


def queue_section(tasks: TaskOverview, now: datetime, window: slice, columns: int) -> Section:
    """The tasks that wait, and why: beside them where there is room, else below."""
    waiting = [task for task in tasks.tasks if not task.is_running][window]
    fields = [
        Field("#", lambda task: str(task.position or ""), 1, is_number=True),
        Field("id", lambda task: str(task.id), 3, is_number=True),
        Field(tr("task"), lambda task: task.nb_name, 0, look=lambda task: CYAN if task.chain_status == "waiting_init" else YELLOW),
        Field(tr("user"), lambda task: task.user_name, 5, 14),
        Field(tr("priority"), lambda task: priority_name(task.priority), 2),
        Field(tr("nodes"), lambda task: str(task.nodes), 4, is_number=True),
        Field(tr("waits for"), lambda task: span_text((now - task.queued_at).total_seconds()) if task.queued_at else "", 3, is_number=True),
    ]
    with_reasons = any(task.reason for task in waiting)
    is_beside = False
    if with_reasons:
        widest = max(line.width for line in listed(fields, waiting, 1 << 16))
        is_beside = widest + len(GAP) + _REASON_COLUMNS <= columns
    if is_beside:
        fields.append(Field(tr("reason"), lambda task: said(task.reason), 9, 1 << 16, _REASON_COLUMNS))
    section = _titled(tr("QUEUE {count}", count=tasks.waiting), fields, waiting, tasks.waiting - window.start, columns)
    if is_beside or not with_reasons:
        return section
    rows = [[*row, *_reason_lines(said(task.reason), columns)] for row, task in zip(section.rows, waiting)]
    return section._replace(rows=rows)


def _reason_lines(reason: str, columns: int) -> list[Line]:
    """Below its task, in two lines at most."""
    indent = "   "
    texts = wrap(reason, max(8, columns - len(indent))) if reason else []
    if len(texts) > _REASON_LINES:
        texts = [*texts[: _REASON_LINES - 1], " ".join(texts[_REASON_LINES - 1 :])]
    return [Line((indent + text, DIM)) for text in texts]
