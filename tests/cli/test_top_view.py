"""The screen of ``monitor top`` at every size, without a terminal."""

from __future__ import annotations

import re
import time
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wcwidth import wcswidth

from hfai.cli.bars import ASCII, BLOCKS
from hfai.cli.monitor.lines import Field, Line, first_columns, listed
from hfai.cli.monitor.looking import Looking
from hfai.cli.monitor.screen import Screen
from hfai.cli.monitor.top_view import SECTIONS, Snapshot, View, frame, most_offset, page, shares
from hfai.client import ClusterOverview, GpuUse, MachineUse, NodeInfo, NodeUse, PriorityCount, QueueTask, TaskOverview
from hfai.model.errors import UnreachableError

NOW = datetime(2026, 11, 28, 12, 0, 0)
REASON = "2nd in queue: 1 ahead at NORMAL; needs 4 nodes, 3 are free, 1 held by 训练_burn (running, slice ends 08:21)"


def node(number: int, **more: Any) -> NodeInfo:
    plain = {"is_ready": True, "gpu_num": 8, "cpu": 64, "memory_bytes": 1 << 39, "working_user": None, "working_task_id": None}
    return NodeInfo(name=f"node-{number}", group="g", label="g", **{**plain, "working_task_rank": None, **more})


def task(number: int, status: str, name: str = "my_exp") -> QueueTask:
    is_running = status == "running"
    return QueueTask(
        id=number, nb_name=name, user_name="ada", group="g", nodes=2, priority=30, chain_status=status,
        position=None if is_running else number, reason="" if is_running else REASON,
        assigned_nodes=("node-0", "node-1") if is_running else (), created_at=NOW, queued_at=NOW - timedelta(seconds=90),
        begin_at=NOW - timedelta(hours=3) if is_running else None,
    )  # fmt: skip


GPUS = tuple(GpuUse(number, "NVIDIA H100", 87, 80 << 30, 8 << 30, 45, 600.0) for number in range(8))
LONG_NAME = "训练_一个很长的名字_" * 3
WORKING = {"is_working": True, "working_user": "ada", "working_task_id": 1, "working_task_rank": 0, "working_task_name": LONG_NAME}
SNAPSHOT = Snapshot(
    NOW,
    "https://hai.example.org",
    ClusterOverview(
        40, 1, 38, 1, 1 / 39,
        (node(0, **WORKING), node(1, cordon_reason="磁盘已满 disk full"), *map(node, range(2, 40))),
        (MachineUse("vm", 64, 37.5, (1.0, 2.0, 3.0), 1 << 39, 1 << 36, 0, 0, GPUS, None),),
        (NodeUse("node-0", 1, 0, 250.0, 3 << 30, 12),),
    ),
    TaskOverview(
        (PriorityCount(30, 1, 200),),
        (task(1, "running", "训练"), *(task(number, "waiting_init") for number in range(2, 30)), task(30, "suspended", "a\x1b[2Jb")),
        is_whole=True,
    ),
)  # fmt: skip


def texts(lines: list[Line]) -> list[str]:
    return [line.text for line in lines]


@given(st.integers(1, 60), st.integers(1, 200), st.sampled_from(SECTIONS), st.integers(0, 50), st.sampled_from([ASCII, BLOCKS]))
def test_every_size(rows: int, columns: int, section: str, offset: int, signs: Any) -> None:
    """Never more lines than there are, and each fits after the cut that the screen makes; nothing moves the cursor."""
    lines = frame(SNAPSHOT, View(signs, section, offset, problem="no answer"), rows, columns)
    assert len(lines) <= rows
    for line in lines:
        cut = line.cut(columns)
        assert wcswidth(cut.text) == cut.width <= columns
        assert "\x1b" not in line.text


@pytest.mark.parametrize("columns", [80, 100, 140])
def test_all_of_it_at_80_columns(columns: int) -> None:
    """Nodes, machine, GPUs, tasks, queue with reasons, and the keys."""
    shown = texts(frame(SNAPSHOT, View(BLOCKS), 40, columns))
    whole = "\n".join(shown)
    assert len(shown) == 40 and shown[-1].startswith(" q  quit   Tab  next section")
    for title in (" NODES 40", " RUNNING 1", " QUEUE 200"):
        assert any(line.startswith(title) for line in shown)
    assert "GPU 3  " in whole and "... 4 more GPUs" in whole and "64, load 1.00" in whole
    assert "2nd in queue: 1 ahead at NORMAL; needs 4 nodes" in whole
    assert "250%" in whole and "3.0 GiB" in whole and "3h00m" in whole and "1m30s" in whole


def test_a_part_of_each_section() -> None:
    """What does not fit is counted."""
    shown = texts(frame(SNAPSHOT, View(ASCII), 30, 100))
    hidden = [int(match[1]) for line in shown if (match := re.fullmatch(r"\.\.\. (\d+) more", line))]
    assert len(hidden) == 2
    assert sum(line.startswith("node-") for line in shown) + hidden[0] == 40


def test_scrolled_to_the_end() -> None:
    """The last one of a section is reachable, and no further."""
    end = most_offset(SNAPSHOT, "queue")
    shown = texts(frame(SNAPSHOT, View(ASCII, "queue", end), 24, 80))
    assert any("a?[2Jb" in line for line in shown)
    assert "... 171 more" in shown  # which the platform has counted, and not listed
    assert end == 28 and most_offset(SNAPSHOT, "all") == 0
    empty = SNAPSHOT._replace(tasks=TaskOverview((), (), is_whole=True))
    assert most_offset(empty, "queue") == 0
    assert any(line.startswith(" QUEUE 0") for line in texts(frame(empty, View(ASCII, "queue"), 24, 80)))


def test_a_large_cluster_is_drawn_at_once() -> None:
    """Of 2,000 nodes only those that may be seen are made."""
    many = SNAPSHOT._replace(cluster=SNAPSHOT.cluster._replace(nodes=tuple(map(node, range(2000)))))
    began = time.perf_counter()
    shown = texts(frame(many, View(BLOCKS), 24, 80))
    assert "... 1996 more" in shown or any(line.endswith(" more") for line in shown)
    assert time.perf_counter() - began < 1.0


def test_a_page_for_a_file() -> None:
    """Everything in full."""
    shown = texts(page(SNAPSHOT, View(ASCII), 1 << 16))
    assert sum(REASON in line for line in shown) == 29 and sum(line.startswith("GPU ") for line in shown) == 8


def test_a_problem_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = texts(frame(SNAPSHOT, View(ASCII, is_paused=True, problem="no answer"), 24, 80))
    assert "paused" in shown[0] and shown[1] == "no answer"


def test_shares() -> None:
    assert shares([10, 2, 10], 12) == [5, 2, 5]
    assert shares([], 5) == [] and shares([4], 0) == [0]


WORDS = st.text(st.sampled_from("abc 训练…é\u0301\x1b"), max_size=20)


@given(st.lists(st.tuples(WORDS, WORDS, WORDS), max_size=5), st.integers(1, 60))
def test_lists_fit(rows: list[tuple[str, str, str]], width: int) -> None:
    fields = [Field(str(at), lambda row, at=at: row[at], at, 12, is_number=at == 1) for at in range(3)]
    lines = listed(fields, rows, width)
    assert len(lines) == len(rows) + 1
    assert all(line.width <= width and wcswidth(line.text) <= width for line in lines)


@given(WORDS, st.integers(0, 20))
def test_first_columns(text: str, width: int) -> None:
    head = first_columns(text, width)
    assert text.startswith(head) and wcswidth(head.replace("\x1b", "")) <= width


def test_keys_come_in_pieces() -> None:
    """An arrow is one key however its bytes arrive; a lone escape is one as well; nonsense is no key that does something."""
    screen = Screen(is_coloured=False)
    assert screen._keys(b"\x1b[A\x1b[6~q") == ["up", "page_down", "q"]
    assert screen._keys(b"\x1b[") == [] and screen._keys(b"B\t ") == ["down", "tab", "space"]
    assert screen._keys(b"\x1b") == ["escape"] and screen._keys(b"\x1b[99;1X\x1bOAz") == ["unknown", "up", "z"]


def test_looking_goes_on_after_an_error() -> None:
    """And keeps what it has seen."""
    import threading

    told = threading.Semaphore(0)
    answers: list[Any] = [2, UnreachableError(url="x", reason="y"), KeyError("cluster_df"), 3]

    def look() -> int:
        answer = answers.pop(0) if answers else 4
        if isinstance(answer, Exception):
            raise answer
        return answer

    looking = Looking(look, 1, 60.0, told.release)
    assert looking.latest == 1
    looking.start()
    try:
        seen = []
        for _ in range(4):
            looking.now()
            assert told.acquire(timeout=20)
            seen.append((looking.latest, looking.problem is not None))
        assert seen == [(2, False), (2, True), (2, True), (3, False)]
    finally:
        looking.close()
