"""Log streams: no line lost, none twice, and only the end frame is an end."""

from __future__ import annotations

import json
import threading
import time
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hfai.client import LogBlock, TaskUpdate, _log_places, _patience, stream_log_blocks, stream_logs
from hfai.client._log_lines import LineAssembler
from hfai.model.errors import RankNotFound, StreamLost, TaskNotFound, UnreachableError, UsageError

ROUTE = "query/task/log/stream"
STAMP = "[2026-11-23 12:59:42.070712] "
TEXTS = ["one", "zwei ü", "", "a\rb", "x" * 5000, "[no stamp] here", "six"]
LOG = "".join(f"{STAMP}{text}\n" for text in TEXTS).encode()


def data(rank: int, cursor: str, payload: bytes) -> bytes:
    return json.dumps({"t": "data", "rank": rank, "cursor": cursor, "n": len(payload)}).encode() + b"\n" + payload


def told(kind: str, task, **more) -> bytes:
    return json.dumps({"t": kind, "task": task, **more}).encode() + b"\n"


class Log:
    """Serves one rank's log in pieces of some size, and breaks off after so many bytes of the wire."""

    def __init__(self, engine, task, chunks, *, log: bytes = LOG, piece: int = 1000, breaks: list[int] = ()) -> None:
        self.log, self.piece, self.breaks, self.task, self.chunks = log, piece, list(breaks), task, chunks
        engine.routes[ROUTE] = self.answer

    def answer(self, request):
        cursor = request.query.get("cursor")
        at = int(cursor.rpartition(".")[2]) if cursor else 0
        wire = told("task", self.task(chain_status="running"))
        while at < len(self.log):
            part = self.log[at : at + self.piece]
            at += len(part)
            wire += data(0, f"7.0.{at}", part)
        wire += b'{"t":"beat"}\n' + told("end", self.task(chain_status="finished"), reason="finished")
        if self.breaks:
            wire = wire[: self.breaks.pop(0)]
            return self.chunks([wire] if wire else [], has_end=False)
        return self.chunks([wire[n : n + 777] for n in range(0, len(wire), 777)])


def test_lines(engine, task, chunks) -> None:
    """Time, rank, text, run, and a cursor from which the rest follows."""
    log = Log(engine, task, chunks, piece=37)
    lines = list(stream_logs("x", follow=True))
    assert [line.text for line in lines] == TEXTS
    assert {(line.time, line.rank, line.run) for line in lines} == {(datetime(2026, 11, 23, 12, 59, 42, 70712), 0, 7)}
    for number, line in enumerate(lines):
        rest = log.log[int(line.cursor.rpartition(".")[2]) :]
        assert rest == "".join(f"{STAMP}{text}\n" for text in TEXTS[number + 1 :]).encode()
        assert [one.text for one in stream_logs("x", cursor=line.cursor)] == TEXTS[number + 1 :]


@pytest.mark.parametrize("piece", [10, 1000])
def test_broken_anywhere(engine, task, chunks, piece, monkeypatch) -> None:
    """Cut at any byte, also in a header: every line comes once."""
    monkeypatch.setattr(_patience, "_FIRST_PAUSE_S", 0.0)
    whole = len(Log(engine, task, chunks, piece=piece).answer(_Asked()).chunks) * 777
    for place in range(1200, whole, 397):
        Log(engine, task, chunks, piece=piece, breaks=[place, 1100, place // 2 + 600])
        assert [line.text for line in stream_logs("x", follow=True)] == TEXTS, place


class _Asked:
    def __init__(self) -> None:
        self.query: dict[str, str] = {}


def test_broken_before_the_first_frame(engine, task, chunks) -> None:
    """It never answered: not worth waiting for."""
    Log(engine, task, chunks, breaks=[5])
    with pytest.raises(UnreachableError):
        list(stream_logs("x", follow=True))


def test_lost_for_good(engine, task, chunks, monkeypatch) -> None:
    """After a while of failing; never taken for the end."""
    monkeypatch.setattr(_patience, "PATIENCE_S", 0.3)
    monkeypatch.setattr(_patience.Patience.__init__, "__defaults__", (0.3,))
    wire = told("task", task()) + data(0, "7.0.3", b"abc")
    engine.routes[ROUTE] = [chunks([wire], has_end=False), (503, {"success": 0, "msg": "away"})]
    lines = stream_logs("x", follow=True)
    with pytest.raises(StreamLost, match="the task goes on"):
        list(lines)


def test_a_clean_close_without_the_end_frame_is_no_end(engine, task, chunks, monkeypatch) -> None:
    """A proxy that gives up ends the answer in order."""
    monkeypatch.setattr(_patience, "_FIRST_PAUSE_S", 0.0)
    log = Log(engine, task, chunks)
    end = log.answer(_Asked())
    engine.routes[ROUTE] = [chunks([told("task", task())]), chunks([told("task", task())]), end]
    assert [line.text for line in stream_logs("x", follow=True)] == TEXTS


def test_blocks_and_updates(engine, task, chunks) -> None:
    """Bytes as they were written; the last item says why it ended."""
    Log(engine, task, chunks)
    events = list(stream_log_blocks("x"))
    assert b"".join(event.data for event in events if isinstance(event, LogBlock)) == LOG
    updates = [event for event in events if isinstance(event, TaskUpdate)]
    assert [(one.experiment.chain_status, one.end_reason) for one in updates] == [
        ("running", None),
        ("finished", "finished"),
    ]
    assert events[-1] is updates[-1]


def test_by_place(engine, task, chunks, tmp_path, monkeypatch) -> None:
    """An engine on this machine says where the bytes are; where they cannot be read there, it has to send them."""
    segment = tmp_path / "log.0"
    segment.write_bytes(LOG)
    monkeypatch.setattr(_log_places, "_BLOCK_BYTES", 1000)
    asked: list[tuple[str | None, str | None]] = []

    def answer(request):
        cursor, by_place = request.query.get("cursor"), request.query.get("by_place")
        asked.append((cursor, by_place))
        if not by_place:
            at = int(cursor.rpartition(".")[2])
            wire = data(0, f"7.0.{len(LOG)}", LOG[at:]) + told("end", task(), reason="finished")
            return chunks([told("task", task()), wire])
        there = {"t": "data", "rank": 0, "cursor": "7.0.3000", "path": str(segment), "size": 3000}
        gone = {"t": "data", "rank": 0, "cursor": "7.0.9000", "path": str(tmp_path / "gone"), "size": 6000}
        return chunks([told("task", task()), json.dumps(there).encode() + b"\n", json.dumps(gone).encode() + b"\n"])

    engine.routes[ROUTE] = answer
    events = stream_log_blocks("x", follow=True)
    events._by_place = True  # the server of these tests has an address: it is not the embedded one
    blocks = [event for event in events if isinstance(event, LogBlock)]
    assert b"".join(block.data for block in blocks) == LOG
    assert [block.cursor for block in blocks][:3] == ["7.0.1000", "7.0.2000", "7.0.3000"]
    assert asked == [(None, "1"), ("0:7.0.3000", None)]


def test_what_is_asked(engine, task, chunks) -> None:
    """Every argument; a reconnect names the chain and the cursors."""
    wire = told("task", task()) + data(3, "7.1.5", b"abc\n")
    end = told("end", task(), reason="eof")
    engine.routes[ROUTE] = [chunks([wire], has_end=False), chunks([end])]
    list(
        stream_logs("x", "0,3", True, since=datetime(2026, 1, 2, 3), until=1e9, tail=5, cursor={0: "7.0.9"}, run="all")
    )
    first, second = engine.asked(ROUTE)
    assert first.query == {
        "nb_name": "x",
        "rank": "0,3",
        "follow": "1",
        "since": "2026-01-02 03:00:00",
        "until": "1000000000.0",
        "tail": "5",
        "run": "all",
        "cursor": "0:7.0.9",
    }
    assert second.query["cursor"] == "0:7.0.9,3:7.1.5"
    assert second.query["chain_id"] == "chain-7" and "nb_name" not in second.query


@pytest.mark.parametrize(
    "arguments",
    [{"rank": -1}, {"rank": None}, {"tail": -1}, {"tail": "5"}, {"since": []}, {"rank": "all", "cursor": "7.0.1"}],
)
def test_arguments_that_cannot_be(arguments) -> None:
    """Said at the call."""
    with pytest.raises(UsageError):
        stream_logs("x", **arguments)


@pytest.mark.parametrize("error", [TaskNotFound(experiment="x"), RankNotFound(experiment="x", rank=9, ranks="0")])
@pytest.mark.parametrize("status", [200, 401])
def test_refusals(engine, error, status) -> None:
    """With 200, as the wire document has it, or with another status."""
    engine.routes[ROUTE] = (status, error.to_wire())
    with pytest.raises(type(error)):
        next(stream_logs("x", 9))


def test_no_log_stream_at_all(engine) -> None:
    engine.routes[ROUTE] = "<html>hello</html>\n"
    with pytest.raises(UnreachableError):
        list(stream_logs("x"))


def test_closing_gives_the_connection_back(engine, task, chunks) -> None:
    """In the middle of a stream that goes on for ever."""
    stop = threading.Event()
    wire = told("task", task()) + data(0, f"7.0.{len(LOG)}", LOG)
    engine.routes[ROUTE] = chunks([wire, lambda: stop.wait(20)])
    lines = stream_logs("x", follow=True)
    assert next(lines).text == "one"
    lines.close()
    stop.set()
    deadline = time.monotonic() + 10
    while len(engine._open) > 1 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert len(engine._open) <= 1


PIECES = st.lists(st.binary(max_size=12) | st.sampled_from([b"\n", STAMP.encode(), b"\xff"]), max_size=30)


@given(PIECES, st.lists(st.integers(1, 40), min_size=1))
@settings(max_examples=200)
def test_any_boundaries(parts, sizes) -> None:
    """However the bytes are cut into blocks, the same lines with the same cursors."""
    log = b"".join(parts)

    def lines(cuts):
        assembler, found, at = LineAssembler(), [], 0
        while at < len(log):
            size = cuts[len(found) % len(cuts)]
            part = log[at : at + size]
            at += len(part)
            found += assembler.feed(LogBlock(0, 7, part, f"7.2.{at}"))
        return found + assembler.finish()

    assert lines(sizes) == lines([len(log) + 1])


def test_a_line_that_never_ended(engine) -> None:
    """Its supervisor was killed, and the next run began."""
    assembler = LineAssembler()
    assert assembler.feed(LogBlock(0, 7, b"half", "7.0.4")) == []
    first, second = assembler.feed(LogBlock(0, 8, b"whole\n", "8.0.6"))
    assert (first.text, first.run, first.cursor) == ("half", 7, "7.0.4")
    assert (second.text, second.run, second.cursor) == ("whole", 8, "8.0.6")
