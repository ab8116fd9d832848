"""What ``monitor top`` shows, as lines for a screen of any size: pure, so that it can be looked at without a terminal."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple, Optional, Sequence

from hfai.cli.bars import Signs, bar
from hfai.cli.language import mark, tr
from hfai.cli.monitor.lines import BOLD, CYAN, DIM, GREEN, RED, REVERSE, YELLOW, Field, Line, listed
from hfai.cli.node_columns import STATES, state_text
from hfai.cli.queue_columns import priority_name
from hfai.cli.sizes import size_text, span_text
from hfai.cli.text_width import text_width, wrap
from hfai.cli.wording import said

if TYPE_CHECKING:
    from hfai.client import ClusterOverview, GpuUse, NodeInfo, QueueTask, TaskOverview

SECTIONS = ("all", "nodes", "tasks", "queue")
_STATE_LOOKS = {"working": GREEN, "cordoned": YELLOW, "not_ready": RED}
# A reason gets a column of its own where at least so much is left for it; else lines below its task.
_REASON_COLUMNS = 40
_REASON_LINES = 2
_MOST_GPUS, _EVERY_GPU = 4, 1 << 16
_LABEL = 7
_PROBLEM_LINES = 2
_KEYS = (
    ("q", mark("quit")),
    ("Tab", mark("next section")),
    (mark("arrows"), mark("scroll a section")),
    ("p", mark("pause")),
    ("r", mark("now")),
    ("+ -", mark("interval")),
)


class Snapshot(NamedTuple):
    """What the platform said, and when."""

    at: datetime
    server: Optional[str]
    cluster: ClusterOverview
    tasks: TaskOverview


class View(NamedTuple):
    """What of it is shown, and how.

    Attributes:
        signs: of bars.
        section: one of SECTIONS.
        offset: rows of a section that are scrolled away.
        interval_s: between two looks.
        is_paused: whether there are none for now.
        problem: why there is nothing newer; empty where there is.
    """

    signs: Signs
    section: str = "all"
    offset: int = 0
    interval_s: float = 2.0
    is_paused: bool = False
    problem: str = ""


def frame(snapshot: Snapshot, view: View, rows: int, columns: int) -> list[Line]:
    """The screen: what there is at the top, one or all sections, and the keys at the bottom. At most ``rows`` lines."""
    head = _head(snapshot, view, columns, _MOST_GPUS if view.section == "all" else 0)
    foot = [] if rows < 6 else [_keys_line(columns)]
    room = rows - len(head) - len(foot)
    if room < 2:
        return [*head[: max(0, rows - len(foot))], *foot]
    body = _body(snapshot, view, room, columns)
    return [*head, *body, *[Line()] * (room - len(body)), *foot]


def page(snapshot: Snapshot, view: View, columns: int) -> list[Line]:
    """All of it one below the other, without keys: for what is no terminal."""
    title = [Line((f"{snapshot.at:%Y-%m-%d %H:%M:%S}", BOLD), (f"  {snapshot.server or ''}".rstrip(), DIM))]
    lines = [line for section in _sections(snapshot, columns) for line in section.lines]
    return [*title, *_facts(snapshot, view.signs, columns, _EVERY_GPU), *lines]


class _Section(NamedTuple):
    """A title, a heading, and rows."""

    name: str
    title: Line
    heading: Optional[Line]
    rows: list[list[Line]]

    @property
    def lines(self) -> list[Line]:
        heads = [self.title] if self.heading is None else [self.title, self.heading]
        return [*heads, *(line for row in self.rows for line in row)]


# The head


def _head(snapshot: Snapshot, view: View, columns: int, most_gpus: int) -> list[Line]:
    title = f"hai-cli monitor top  {snapshot.at:%H:%M:%S}"
    words = [tr("paused") if view.is_paused else tr("every {interval} s", interval=f"{view.interval_s:g}")]
    if snapshot.server:
        words.append(snapshot.server)
    lines = [Line((title, BOLD), ("  " + "  ".join(words), DIM))]
    if view.problem:
        lines += [Line((text, RED)) for text in wrap(view.problem, columns)[:_PROBLEM_LINES]]
    return [*lines, *_facts(snapshot, view.signs, columns, most_gpus)]


def _facts(snapshot: Snapshot, signs: Signs, columns: int, most_gpus: int) -> list[Line]:
    """How busy everything is, in bars."""
    cluster = snapshot.cluster
    lines = [_nodes_line(cluster, signs)]
    for machine in cluster.machines:
        cpu = Line(
            (_label("CPU"), BOLD),
            (f"{bar(machine.cpu_percent, 100, signs)} {machine.cpu_percent:3.0f}%", None),
            (tr(" of {count}", count=machine.cpu_count), DIM),
            (tr(", load {load}", load=f"{machine.load[0]:.2f}") if machine.load else "", DIM),
        )
        used, total = machine.memory_used_bytes, machine.memory_bytes
        memory = Line(
            (_label(tr("Memory")), BOLD), (f"{bar(used, total, signs)} {size_text(used)}", None), (f" / {size_text(total)}", DIM)
        )
        lines += _beside(cpu, memory, columns)
        lines += [_gpu_line(gpu, signs) for gpu in machine.gpus[:most_gpus]]
        if most_gpus and len(machine.gpus) > most_gpus:
            lines.append(Line((tr("... {count} more GPUs", count=len(machine.gpus) - most_gpus), DIM)))
        if machine.gpus_unreadable:
            lines.append(Line((tr("GPUs: {reason}", reason=machine.gpus_unreadable), YELLOW)))
    return lines


def _label(text: str) -> str:
    return text + " " * max(1, _LABEL - text_width(text))


def _beside(left: Line, right: Line, columns: int) -> list[Line]:
    """Two lines as one where there is room."""
    if left.width + 3 + right.width > columns:
        return [left, right]
    return [Line(*left.pieces, ("   ", None), *right.pieces)]


def _nodes_line(cluster: ClusterOverview, signs: Signs) -> Line:
    states = {state: sum(node.state == state for node in cluster.nodes) for state in STATES}
    words = ", ".join(f"{count} {tr(STATES[state])}" for state, count in states.items() if count)
    share = bar(cluster.working, cluster.working + cluster.free, signs)
    text = f"{share} {cluster.usage_rate * 100:3.0f}%"
    return Line((_label(tr("Nodes")), BOLD), (text, None), (tr(" of {count}", count=cluster.total), DIM), (f"  {words}", None))


def _gpu_line(gpu: GpuUse, signs: Signs) -> Line:
    used, total = gpu.memory_used_bytes, gpu.memory_total_bytes
    percent = gpu.utilization_percent
    work = "" if percent is None else f"{bar(percent, 100, signs)} {percent:3}%  "
    heat = "" if gpu.temperature_c is None else f"  {gpu.temperature_c} C"
    memory = f"{bar(used, total, signs)} {size_text(used)}"
    return Line((_label(f"GPU {gpu.number}"), BOLD), (work, None), (memory, None), (f" / {size_text(total)}{heat}  {gpu.name}", DIM))


# The sections


def _body(snapshot: Snapshot, view: View, room: int, columns: int) -> list[Line]:
    sections = _sections(snapshot, columns)
    if view.section != "all":
        one = next(section for section in sections if section.name == view.section)
        return _fitted(one, room, view.offset)
    wanted = [len(section.lines) for section in sections]
    rooms = shares(wanted, room)
    return [line for section, size in zip(sections, rooms) for line in _fitted(section, size)]


def shares(wanted: Sequence[int], room: int) -> list[int]:
    """How many lines each gets: all it wants where there is room, else an even part; what one leaves, others take.

    Example:
        >>> shares([3, 10, 10], 15), shares([3, 4, 5], 20)
        ([3, 6, 6], [3, 4, 5])
    """
    given = [0] * len(wanted)
    while room > 0 and given != list(wanted):
        open_ones = [at for at in range(len(wanted)) if given[at] < wanted[at]]
        part = max(1, room // len(open_ones))
        for at in open_ones:
            more = min(part, wanted[at] - given[at], room)
            given[at] += more
            room -= more
    return given


def _fitted(section: _Section, room: int, offset: int = 0) -> list[Line]:
    """The section in so many lines; how many rows are not shown, it says in the last one."""
    heads = section.lines[: 1 if section.heading is None else 2]
    if room <= len(heads):
        return heads[:room]
    rows = section.rows[offset:]
    lines: list[Line] = []
    left, count = room - len(heads), 0
    for row in rows:
        is_last = count == len(rows) - 1
        if len(lines) + len(row) > left - (0 if is_last else 1):
            break
        lines += row
        count += 1
    hidden = len(rows) - count
    if hidden:
        lines.append(Line((tr("... {count} more", count=hidden), DIM)))
    return [*heads, *lines][:room]


def most_offset(snapshot: Snapshot, section: str) -> int:
    """How far a section can be scrolled: until its last row is the only one."""
    if section == "all":
        return 0
    counts = {
        "nodes": len(snapshot.cluster.nodes),
        "tasks": sum(task.is_running for task in snapshot.tasks.tasks),
        "queue": sum(not task.is_running for task in snapshot.tasks.tasks),
    }
    return max(0, counts[section] - 1)


def _sections(snapshot: Snapshot, columns: int) -> list[_Section]:
    tasks = snapshot.tasks
    running = [task for task in tasks.tasks if task.is_running]
    waiting = [task for task in tasks.tasks if not task.is_running]
    return [
        _nodes(snapshot.cluster, columns),
        _tasks(running, tasks, snapshot.at, columns),
        _queue(waiting, tasks, snapshot.at, columns),
    ]


def _titled(name: str, text: str, fields: Sequence[Field], rows: Sequence[object], columns: int) -> _Section:
    title = Line((f" {text} ", REVERSE))
    title = Line((title.text + " " * (columns - title.width), REVERSE))
    if not rows:
        return _Section(name, title, None, [])
    heading, *lines = listed(fields, rows, columns)
    return _Section(name, title, heading, [[line] for line in lines])


def _nodes(cluster: ClusterOverview, columns: int) -> _Section:
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
    return _titled("nodes", tr("NODES {count}", count=len(cluster.nodes)), fields, cluster.nodes, columns)


def _tasks(running: Sequence[QueueTask], tasks: TaskOverview, now: datetime, columns: int) -> _Section:
    fields = [
        Field("id", lambda task: str(task.id), 1, is_number=True),
        Field(tr("task"), lambda task: task.nb_name, 0, look=lambda task: GREEN),
        Field(tr("user"), lambda task: task.user_name, 4, 14),
        Field(tr("priority"), lambda task: priority_name(task.priority), 2),
        Field(tr("nodes"), lambda task: str(task.nodes), 3, is_number=True),
        Field(tr("runs for"), lambda task: span_text((now - task.begin_at).total_seconds()) if task.begin_at else "", 2, is_number=True),
        Field(tr("on"), lambda task: " ".join(task.assigned_nodes), 5, 60, 10),
    ]
    return _titled("tasks", tr("RUNNING {count}", count=tasks.running), fields, running, columns)


def _queue(waiting: Sequence[QueueTask], tasks: TaskOverview, now: datetime, columns: int) -> _Section:
    fields = [
        Field("#", lambda task: str(task.position or ""), 1, is_number=True),
        Field("id", lambda task: str(task.id), 3, is_number=True),
        Field(tr("task"), lambda task: task.nb_name, 0, look=lambda task: CYAN if task.chain_status == "waiting_init" else YELLOW),
        Field(tr("user"), lambda task: task.user_name, 5, 14),
        Field(tr("priority"), lambda task: priority_name(task.priority), 2),
        Field(tr("nodes"), lambda task: str(task.nodes), 4, is_number=True),
        Field(tr("waits for"), lambda task: span_text((now - task.queued_at).total_seconds()) if task.queued_at else "", 3, is_number=True),
    ]
    title = tr("QUEUE {count}", count=tasks.waiting)
    if not any(task.reason for task in waiting):
        return _titled("queue", title, fields, waiting, columns)
    widest = max(line.width for line in listed(fields, waiting, 1 << 16))
    if widest + 2 + _REASON_COLUMNS <= columns:
        fields.append(Field(tr("reason"), lambda task: said(task.reason), 9, 1 << 16, _REASON_COLUMNS))
        return _titled("queue", title, fields, waiting, columns)
    section = _titled("queue", title, fields, waiting, columns)
    return section._replace(rows=[[*row, *_reason_lines(said(task.reason), columns)] for row, task in zip(section.rows, waiting)])


def _reason_lines(reason: str, columns: int) -> list[Line]:
    """Below its task, in two lines at most."""
    indent = "   "
    texts = wrap(reason, max(8, columns - len(indent))) if reason else []
    if len(texts) > _REASON_LINES:
        texts = [*texts[: _REASON_LINES - 1], " ".join(texts[_REASON_LINES - 1 :])]
    return [Line((indent + text, DIM)) for text in texts]


def _keys_line(columns: int) -> Line:
    """The keys, as many as fit: the first ones matter most."""
    pieces: list[tuple[str, Optional[int]]] = []
    for key, what in _KEYS:
        more: list[tuple[str, Optional[int]]] = [(f" {tr(key)} ", REVERSE), (f" {tr(what)}  ", None)]
        if Line(*pieces, *more).width > columns + 2:
            break
        pieces += more
    return Line(*pieces)


