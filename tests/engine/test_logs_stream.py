"""What a follower gets: every byte once, in order, over segments and runs, and an end only where there is one."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from pathlib import Path
from typing import Any, Awaitable, Callable, Iterator, Optional

import attrs
import pytest

from hfai.client._log_places import Places
from hfai.engine.logs import stream as module
from hfai.engine.logs.cursor import Cursor
from hfai.engine.logs.inotify import DirectoryWatcher
from hfai.engine.logs.ranklog import Window
from hfai.engine.logs.selection import LogSelection
from hfai.engine.logs.stamps import stamp_at
from hfai.engine.logs.stream import LogStream
from hfai.model.errors import NotFoundError
from hfai.model.records import Pending, Run, Task
from hfai.model.states import QueueStatus
from hfai.testing.logfiles import BEGIN, stamped, write_segments

DEADLINE_S = 20.0


class Chain:
    """A task whose runs and logs a test makes by hand."""

    def __init__(self, root: Path, *, nodes: int = 1, by_place: bool = False) -> None:
        self.root = root
        self.by_place = by_place
        self.task = Task(
            chain_id="chain", user_name="u", nb_name="x", task_type="training", group="g", nodes=nodes, priority=30,
            workspace="/", code_file="a.py ", backend="default", schema={}, tags=(), runs=(_run(1, "queued"),),
        )  # fmt: skip
        self._changes: list[asyncio.Event] = []

    def begin(self, run_id: int) -> None:
        """The run starts; one that is not known yet is added."""
        self.set(*[run for run in self.task.runs if run.id != run_id], _run(run_id, "scheduled"))

    def finish(self, run_id: int, *more: Run) -> None:
        self.set(*[_run(run_id, "finished") if run.id == run_id else run for run in self.task.runs], *more)

    def set(self, *runs: Run, pending: Optional[Pending] = None) -> None:
        self.task = attrs.evolve(self.task, runs=runs, pending=pending)
        for change in self._changes:
            change.set()

    def write(self, run_id: int, rank: int, text: bytes, segment: int = 0) -> None:
        directory = self.rank_dir(run_id, rank)
        directory.mkdir(parents=True, exist_ok=True)
        with (directory / f"log.{segment}").open("ab") as file:
            file.write(text)

    def refresh(self, task: Task) -> Task:
        return self.task

    def rank_dir(self, run_id: int, rank: int) -> Path:
        return self.root / str(run_id) / str(rank)

    @contextlib.contextmanager
    def watch(self, chain_id: str) -> Iterator[Any]:
        event = asyncio.Event()
        self._changes.append(event)

        class Change:
            async def changed(self) -> None:
                await event.wait()
                event.clear()

        try:
            yield Change()
        finally:
            self._changes.remove(event)

    @property
    def is_watched(self) -> bool:
        return bool(self._changes)


def _run(run_id: int, status: str) -> Run:
    begin_at = None if status == "queued" else BEGIN
    return Run(id=run_id, queue_status=QueueStatus(status), created_at=BEGIN, begin_at=begin_at)


class Reader:
    """Takes frames apart as a client does."""

    def __init__(self) -> None:
        self.frames: list[dict[str, Any]] = []
        self.cursors: dict[int, str] = {}
        self._data: dict[int, bytes] = {}
        self._moved = asyncio.Event()
        self._places = Places()

    async def send(self, block: bytes) -> None:
        while block:
            line, _, block = block.partition(b"\n")
            frame = json.loads(line)
            payload, block = block[: frame.get("n", 0)], block[frame.get("n", 0) :]
            if "path" in frame:
                payload = b"".join(data for data, _ in self._places.read(frame))
                assert len(payload) == frame["size"] > 0
            elif frame["t"] == "data":
                assert len(payload) == frame["n"] > 0
            if frame["t"] == "data":
                self._data[frame["rank"]] = self.text(frame["rank"]) + payload
                self.cursors[frame["rank"]] = frame["cursor"]
            self.frames.append(frame)
        self._moved.set()

    def close(self) -> None:
        self._places.close()

    def text(self, rank: int = 0) -> bytes:
        return self._data.get(rank, b"")

    @property
    def kinds(self) -> list[str]:
        return [frame["t"] for frame in self.frames]

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Wait until what has come makes a condition true."""

        async def wait() -> None:
            while not is_so():
                self._moved.clear()
                await self._moved.wait()

        await asyncio.wait_for(wait(), DEADLINE_S)


@pytest.fixture(params=["bytes", "places"])
def chain(tmp_path: Path, request: pytest.FixtureRequest) -> Chain:
    """For followers that are sent the bytes, and for those that are sent where the bytes are."""
    return Chain(tmp_path, by_place=request.param == "places")


def _read(chain: Chain, selection: LogSelection) -> Reader:
    """A stream that ends by itself."""
    reader = Reader()

    async def scenario() -> None:
        watcher = DirectoryWatcher()
        stream = LogStream(chain, watcher, chain.task, attrs.evolve(selection, by_place=chain.by_place))
        await asyncio.wait_for(stream.run(reader.send), DEADLINE_S)
        reader.close()
        assert watcher.is_idle
        assert not chain.is_watched

    asyncio.run(scenario())
    return reader


def _follow(chain: Chain, selection: LogSelection, scenario: Callable[[Reader], Awaitable[None]]) -> Reader:
    """A follower, while a scenario happens; it is cancelled if it has not ended then."""
    reader = Reader()

    async def both() -> None:
        watcher = DirectoryWatcher()
        stream = LogStream(chain, watcher, chain.task, attrs.evolve(selection, by_place=chain.by_place))
        following = asyncio.ensure_future(stream.run(reader.send))
        try:
            await asyncio.wait_for(scenario(reader), DEADLINE_S)
        finally:
            following.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await following
        reader.close()
        assert watcher.is_idle
        assert not chain.is_watched

    asyncio.run(both())
    return reader


def test_without_follow_it_ends_where_the_log_ends(chain: Chain) -> None:
    chain.begin(1)
    text = stamped(0, "a") + stamped(1, "half")[:-1]
    chain.write(1, 0, text)
    reader = _read(chain, LogSelection((0,)))
    assert reader.kinds == ["task", "data", "end"]
    assert reader.text() == text
    assert reader.cursors == {0: f"1.0.{len(text)}"}
    assert reader.frames[-1]["reason"] == "eof"


def test_a_finished_task_says_so_at_the_end(chain: Chain) -> None:
    chain.begin(1)
    chain.write(1, 0, stamped(0, "a"))
    chain.finish(1)
    for follow in (False, True):
        reader = _read(chain, LogSelection((0,), follow=follow))
        assert reader.text() == stamped(0, "a")
        assert reader.frames[-1]["reason"] == "finished"
        assert reader.frames[-1]["task"]["chain_status"] == "finished"


def test_a_task_that_was_canceled_in_the_queue_ends_at_once(chain: Chain) -> None:
    chain.set(attrs.evolve(_run(1, "finished"), begin_at=None))
    assert _read(chain, LogSelection((0,), follow=True)).kinds == ["task", "end"]


def test_a_follower_sees_lines_as_they_are_written(chain: Chain) -> None:
    """From before there is a directory, over segments, to the end of the task."""

    async def scenario(reader: Reader) -> None:
        await reader.until(lambda: "task" in reader.kinds)
        chain.begin(1)
        await reader.until(lambda: reader.kinds.count("task") == 2)
        expected = b""
        for segment in range(3):
            for second in range(3):
                line = stamped(second, f"segment {segment}")
                chain.write(1, 0, line, segment)
                expected += line
                await reader.until(lambda expected=expected: reader.text() == expected)  # type: ignore[misc]
        chain.write(1, 0, b"last words\n", 2)
        chain.finish(1)
        await reader.until(lambda: reader.kinds[-1] == "end")
        assert reader.text() == expected + b"last words\n"

    _follow(chain, LogSelection((0,), follow=True), scenario)


def test_a_line_is_there_within_50_ms(chain: Chain) -> None:
    chain.begin(1)
    chain.write(1, 0, b"begin\n")
    delays: list[float] = []

    async def scenario(reader: Reader) -> None:
        await reader.until(lambda: reader.text() == b"begin\n")
        for number in range(21):
            await asyncio.sleep(0.01)
            length = len(reader.text())
            began_at = time.monotonic()
            chain.write(1, 0, b"line %d\n" % number)
            await reader.until(lambda length=length: len(reader.text()) > length)  # type: ignore[misc]
            delays.append(time.monotonic() - began_at)

    _follow(chain, LogSelection((0,), follow=True), scenario)
    assert sorted(delays)[10] < 0.05


def test_following_goes_on_in_the_next_run(chain: Chain) -> None:
    """A suspension is no end; every run's log comes once, in order."""
    chain.begin(1)
    chain.write(1, 0, b"first\n")

    async def scenario(reader: Reader) -> None:
        await reader.until(lambda: reader.text() == b"first\n")
        chain.write(1, 0, b"saved\n")
        chain.finish(1, _run(2, "queued"))
        await reader.until(lambda: reader.text() == b"first\nsaved\n")
        chain.begin(2)
        chain.write(2, 0, b"second\n")
        await reader.until(lambda: reader.text() == b"first\nsaved\nsecond\n")
        assert reader.cursors == {0: "2.0.7"}
        chain.finish(2)
        await reader.until(lambda: reader.kinds[-1] == "end")

    _follow(chain, LogSelection((0,), follow=True), scenario)


def test_a_cursor_goes_on_exactly_where_it_was(chain: Chain) -> None:
    chain.begin(1)
    chain.write(1, 0, b"one\ntwo\n")
    chain.write(1, 0, b"three\n", 1)
    chain.finish(1, _run(2, "queued"))
    chain.begin(2)
    chain.write(2, 0, b"four\n")
    selection = LogSelection((0,), cursors={0: Cursor(1, 0, 4)})
    assert _read(chain, selection).text() == b"two\nthree\nfour\n"
    whole = _read(chain, LogSelection((0,), run="all")).text()
    assert whole == b"one\ntwo\nthree\nfour\n"
    with pytest.raises(NotFoundError, match="has no run 7: its runs are 1, 2"):
        LogStream(chain, DirectoryWatcher(), chain.task, LogSelection((0,), cursors={0: Cursor(7)}))


def test_which_run(chain: Chain) -> None:
    """The newest is the newest that has begun: a suspended task shows what it wrote before."""
    chain.begin(1)
    chain.write(1, 0, b"one\n")
    chain.finish(1, _run(2, "queued"))
    assert _read(chain, LogSelection((0,))).text() == b"one\n"
    chain.begin(2)
    chain.write(2, 0, b"two\n")
    assert _read(chain, LogSelection((0,))).text() == b"two\n"
    assert _read(chain, LogSelection((0,), run="1", follow=True)).text() == b"one\n"


def test_ranks_come_side_by_side(tmp_path: Path) -> None:
    chain = Chain(tmp_path, nodes=3)
    chain.begin(1)
    for rank in range(3):
        chain.write(1, rank, b"rank %d\n" % rank)

    async def scenario(reader: Reader) -> None:
        await reader.until(lambda: reader.text(0) != b"" and reader.text(2) != b"")
        chain.write(1, 2, b"more\n")
        await reader.until(lambda: reader.text(2) == b"rank 2\nmore\n")
        chain.finish(1)
        await reader.until(lambda: reader.kinds[-1] == "end")
        assert (reader.text(0), reader.text(1)) == (b"rank 0\n", b"")

    _follow(chain, LogSelection((0, 2), follow=True), scenario)


def test_tail_since_and_until(chain: Chain) -> None:
    lines = [stamped(second, f"line {second}") for second in range(10)]
    chain.begin(1)
    write_segments(chain.rank_dir(1, 0), [b"".join(lines[:4]), b"".join(lines[4:])])

    def read(**window: Any) -> bytes:
        for key in ("since", "until"):
            if key in window:
                window[key] = stamp_at(BEGIN + window[key])
        return _read(chain, LogSelection((0,), window=Window(**window))).text()

    assert read(tail=3) == b"".join(lines[7:])
    assert read(tail=0) == b""
    assert read(tail=99) == b"".join(lines)
    assert read(since=3) == b"".join(lines[3:])
    assert read(until=5) == b"".join(lines[:6])
    assert read(since=3, until=5) == b"".join(lines[3:6])
    assert read(tail=2, until=5) == b"".join(lines[4:6])
    assert read(tail=5, since=7) == b"".join(lines[7:])
    assert read(tail=2, since=1) == b"".join(lines[8:])
    assert read(since=99) == b""


def test_tail_counts_back_over_runs_where_all_are_wanted(chain: Chain) -> None:
    chain.begin(1)
    chain.write(1, 0, b"1\n2\n3\n")
    chain.finish(1, _run(2, "queued"))
    chain.begin(2)
    chain.write(2, 0, b"4\n5\n")
    assert _read(chain, LogSelection((0,), run="all", window=Window(tail=3))).text() == b"3\n4\n5\n"
    assert _read(chain, LogSelection((0,), window=Window(tail=3))).text() == b"4\n5\n"


def test_since_in_the_future_waits_for_its_time(chain: Chain) -> None:
    chain.begin(1)
    chain.write(1, 0, stamped(0, "early"))

    async def scenario(reader: Reader) -> None:
        await reader.until(lambda: "task" in reader.kinds)
        chain.write(1, 0, stamped(1, "early") + stamped(5, "in time"))
        await reader.until(lambda: reader.text() == stamped(5, "in time"))

    _follow(chain, LogSelection((0,), follow=True, window=Window(since=stamp_at(BEGIN + 5))), scenario)


def test_why_a_task_waits_is_told_whenever_it_changes(chain: Chain) -> None:
    def pending(position: int) -> Pending:
        return Pending(code="position", template="{n} before it", data={"n": position}, position=position)

    async def scenario(reader: Reader) -> None:
        for position in (3, 2, 1):
            chain.set(_run(1, "queued"), pending=pending(position))
            text = f"{position} before it"
            await reader.until(lambda text=text: (reader.frames or [{}])[-1].get("task", {}).get("pending") is not None  # type: ignore[misc]
                               and reader.frames[-1]["task"]["pending"]["text"] == text)  # fmt: skip

    _follow(chain, LogSelection((0,), follow=True), scenario)


def test_silence_is_filled_with_beats(chain: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BEAT_S", 0.05)
    chain.begin(1)

    async def scenario(reader: Reader) -> None:
        await reader.until(lambda: reader.kinds.count("beat") == 3)

    _follow(chain, LogSelection((0,), follow=True), scenario)


def test_where_the_kernel_gives_no_word_it_looks_by_itself(chain: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DirectoryWatcher, "watch", lambda *_: None)
    chain.begin(1)
    chain.write(1, 0, b"one\n")

    async def scenario(reader: Reader) -> None:
        await reader.until(lambda: reader.text() == b"one\n")
        chain.write(1, 0, b"two\n")
        await reader.until(lambda: reader.text() == b"one\ntwo\n")

    _follow(chain, LogSelection((0,), follow=True), scenario)


def test_a_client_that_does_not_read_costs_no_memory(chain: Chain) -> None:
    """The stream reads a block, and waits until it has been taken."""
    chain.begin(1)
    chain.write(1, 0, b"x" * 20_000_000)

    async def scenario() -> None:
        blocks: list[int] = []
        gate = asyncio.Event()

        async def send(block: bytes) -> None:
            blocks.append(len(block))
            if len(blocks) == 3:
                gate.set()
                await asyncio.Event().wait()

        stream = LogStream(chain, DirectoryWatcher(), chain.task, LogSelection((0,), follow=True))
        following = asyncio.ensure_future(stream.run(send))
        await asyncio.wait_for(gate.wait(), DEADLINE_S)
        assert sum(blocks) < 4_000_000
        following.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await following

    asyncio.run(scenario())
