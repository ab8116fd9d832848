"""What ``monitor top`` shows, as lines for a screen of any size: pure, so that it can be looked at without a terminal."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Callable, NamedTuple, Optional, Sequence

from hfai.cli.bars import Signs, bar
from hfai.cli.language import mark, tr
from hfai.cli.monitor.lines import BOLD, DIM, RED, REVERSE, YELLOW, Line
from hfai.cli.monitor.sections import Section, nodes_section, queue_section, tasks_section
from hfai.cli.node_columns import STATES
from hfai.cli.sizes import size_text
from hfai.cli.text_width import text_width, wrap

if TYPE_CHECKING:
    from hfai.client import ClusterOverview, GpuUse, TaskOverview

SECTIONS = ("all", "nodes", "tasks", "queue")
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
    lines = [line for section in _sections(snapshot, "all", slice(0, None), columns) for line in section.fitted(1 << 30)]
    return [*title, *_facts(snapshot, view.signs, columns, _EVERY_GPU), *lines]


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
    could = cluster.working + cluster.free
    text = f"{bar(cluster.working, could, signs)} {cluster.usage_rate * 100:3.0f}%"
    return Line((_label(tr("Nodes")), BOLD), (text, None), (tr(" of {count}", count=could), DIM), (f"  {words}", None))


def _gpu_line(gpu: GpuUse, signs: Signs) -> Line:
    used, total = gpu.memory_used_bytes, gpu.memory_total_bytes
    percent = gpu.utilization_percent
    work = "" if percent is None else f"{bar(percent, 100, signs)} {percent:3}%  "
    heat = "" if gpu.temperature_c is None else f"  {gpu.temperature_c} C"
    memory, of = "", ""
    if used is not None and total is not None:
        memory, of = f"{bar(used, total, signs)} {size_text(used)}", f" / {size_text(total)}"
    return Line((_label(f"GPU {gpu.number}"), BOLD), (work, None), (memory, None), (f"{of}{heat}  {gpu.name}", DIM))


# The sections


def _body(snapshot: Snapshot, view: View, room: int, columns: int) -> list[Line]:
    offset = view.offset if view.section != "all" else 0
    sections = _sections(snapshot, view.section, slice(offset, offset + room), columns)
    rooms = shares([len(section.heads) + max(section.left, len(section.lines)) for section in sections], room)
    return [line for section, size in zip(sections, rooms) for line in section.fitted(size)]


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


def _sections(snapshot: Snapshot, section: str, window: slice, columns: int) -> list[Section]:
    """The sections that are shown, with the rows in the window."""
    makers: dict[str, Callable[[], Section]] = {
        "nodes": lambda: nodes_section(snapshot.cluster, window, columns),
        "tasks": lambda: tasks_section(snapshot.tasks, snapshot.at, window, columns),
        "queue": lambda: queue_section(snapshot.tasks, snapshot.at, window, columns),
    }
    return [make() for name, make in makers.items() if section in ("all", name)]


def _keys_line(columns: int) -> Line:
    """The keys, as many as fit: the first ones matter most."""
    pieces: list[tuple[str, Optional[int]]] = []
    for key, what in _KEYS:
        more: list[tuple[str, Optional[int]]] = [(f" {tr(key)} ", REVERSE), (f" {tr(what)}  ", None)]
        if Line(*pieces, *more).width > columns + 2:
            break
        pieces += more
    return Line(*pieces)


