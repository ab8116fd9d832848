"""Logs of a HAI Platform, by asking again and again."""

from __future__ import annotations

import pytest

from hfai.client import LogBlock, _log_polling, stream_log_blocks, stream_logs
from hfai.model.errors import NotFoundError, RankNotFound

DAY = "2026-11-23"


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(_log_polling, "_FIRST_PAUSE_S", 0.01)
    monkeypatch.setattr(_log_polling, "_TICK_S", 0.01)


def line(second: int, text: str) -> str:
    return f"[{DAY} 12:00:{second:02}.000000] {text}\n"


def serve(server, task, parts, **changes):
    """The task runs until all parts of the log were given."""
    parts = [*parts, ""]
    seen = [{"id": 7, "offset": n} for n in range(len(parts))]

    def log(request):
        import json

        last = json.loads(request.query["last_seen"])
        at = 0 if last is None else last["offset"]
        return {"success": 1, "data": parts[at], "last_seen": seen[min(at + 1, len(parts) - 1)]}

    def ask(request):
        is_over = len(server.asked("query/task/log")) >= len(parts) - 1
        return {"success": 1, "result": {"task": task(chain_status="finished" if is_over else "running", **changes)}}

    server.routes["query/task/log"] = log
    server.routes["query/task"] = ask


def test_following(haiplatform, task) -> None:
    """Every part once; the text for "no log yet" is none."""
    serve(haiplatform, task, ["还没产生日志", line(1, "a") + line(2, "b"), line(3, "c")])
    lines = list(stream_logs("x", follow=True))
    assert [one.text for one in lines] == ["a", "b", "c"]
    assert lines[-1].cursor.startswith('{"id": 7')


def test_going_on_from_a_cursor(haiplatform, task) -> None:
    """From the last line of an answer nothing comes twice."""
    serve(haiplatform, task, [line(1, "a") + line(2, "b"), line(3, "c")])
    second = list(stream_logs("x", follow=True))[1]
    assert [one.text for one in stream_logs("x", cursor=second.cursor)] == ["c"]


def test_tail_and_window(haiplatform, task) -> None:
    """What the server cannot choose is chosen here."""
    serve(haiplatform, task, ["".join(line(n, str(n)) for n in range(10))])
    assert [one.text for one in stream_logs("x", tail=2)] == ["8", "9"]
    window = stream_logs("x", since=f"{DAY} 12:00:03", until=f"{DAY}T12:00:05")
    assert [one.text for one in window] == ["3", "4", "5"]


def test_the_newest_run_alone(haiplatform, task) -> None:
    """Answers are of the whole chain; when a run began tells its lines apart."""
    runs = {
        "id": 8,
        "id_list": [7, 8],
        "begin_at_list": [f"{DAY}T12:00:00", f"{DAY}T12:00:05"],
        "end_at_list": [f"{DAY}T12:00:04", f"{DAY}T12:00:05"],
        "queue_status_list": ["finished", "scheduled"],
    }
    serve(haiplatform, task, ["".join(line(n, str(n)) for n in (1, 2, 6, 7))], **runs)
    assert [one.text for one in stream_logs("x")] == ["6", "7"]
    assert [one.text for one in stream_logs("x", run=7)] == ["1", "2"]
    assert [one.text for one in stream_logs("x", run="all")] == ["1", "2", "6", "7"]
    with pytest.raises(NotFoundError, match="its runs are 7, 8"):
        list(stream_logs("x", run=9))


def test_several_ranks(haiplatform, task) -> None:
    serve(haiplatform, task, [line(1, "a")], nodes=2)
    blocks = [event for event in stream_log_blocks("x", "all") if isinstance(event, LogBlock)]
    assert [(block.rank, block.run) for block in blocks] == [(0, 7), (1, 7)]
    with pytest.raises(RankNotFound, match="its ranks are 0-1"):
        list(stream_logs("x", 2))
