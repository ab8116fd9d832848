"""HAI Platform's way of asking for logs: every line once, over segments and runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hfai.engine.logs import last_seen as module
from hfai.engine.logs.last_seen import NO_LOG_YET, parse_last_seen, read_since
from hfai.engine.logs.search import count_occurrences
from hfai.model.records import Run
from hfai.model.states import QueueStatus
from hfai.testing.logfiles import stamped, write_segments

RUNS = tuple(Run(id=number, queue_status=QueueStatus.SCHEDULED, created_at=0.0) for number in (9, 10))


@pytest.fixture
def directory(tmp_path: Path):
    return lambda run_id, rank: tmp_path / str(run_id) / str(rank)


def test_everything_then_nothing_then_what_is_new(directory) -> None:
    """Runs are separated by an empty line; with nothing new the same object comes back."""
    first, second = stamped(0, "one") + stamped(1, "two"), stamped(5, "three")
    write_segments(directory(9, 0), [first])
    write_segments(directory(10, 0), [second])
    text, seen = read_since(RUNS, 0, directory, None)
    assert text == (first + b"\n" + second).decode()
    assert seen is not None
    assert (seen["id"], seen["offset"]) == (10, 0)
    assert set(seen) == {"timestamp", "offset", "mtime", "id", "cursor"}
    again = parse_last_seen(json.dumps(seen))
    assert read_since(RUNS, 0, directory, again) == ("", again)
    write_segments(directory(10, 0), [second + stamped(6, "four")])
    assert read_since(RUNS, 0, directory, again)[0] == stamped(6, "four").decode()


def test_a_last_seen_of_hai_platform_goes_on_after_its_line(directory) -> None:
    lines = [stamped(second, f"step {second}") for second in range(5)]
    write_segments(directory(10, 0), [b"".join(lines)])
    stamp = lines[2][1:27].decode().replace(" ", "T")
    seen = {"timestamp": stamp, "offset": len(lines[0] + lines[1]), "mtime": 0, "id": 10}
    assert read_since(RUNS, 0, directory, seen)[0] == b"".join(lines[3:]).decode()
    # The line is not where it says: by time then.
    assert read_since(RUNS, 0, directory, {**seen, "offset": 3})[0] == b"".join(lines[3:]).decode()


def test_half_a_line_waits_for_its_newline(directory) -> None:
    write_segments(directory(9, 0), [stamped(0, "whole") + stamped(1, "half")[:-1]])
    text, seen = read_since(RUNS, 0, directory, None)
    assert text == stamped(0, "whole").decode()
    write_segments(directory(9, 0), [stamped(0, "whole") + stamped(1, "half")])
    assert read_since(RUNS, 0, directory, seen)[0] == stamped(1, "half").decode()


def test_a_large_log_comes_in_pieces_without_loss(directory, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first answer holds the newest part; with last_seen nothing is left out."""
    monkeypatch.setattr(module, "ANSWER_BYTES", 1000)
    lines = [stamped(second, "x" * (second % 7)) for second in range(200)]
    write_segments(directory(9, 0), [b"".join(lines[:90]), b"".join(lines[90:120]), b"".join(lines[120:])])
    newest, _ = read_since(RUNS, 0, directory, None)
    assert b"".join(lines).decode().endswith(newest)
    assert 900 < len(newest) <= 1000
    stamp = lines[0][1:27].decode().replace(" ", "T")
    seen, text = {"timestamp": stamp, "offset": 0, "mtime": 0, "id": 9}, ""
    while True:
        piece, seen = read_since(RUNS, 0, directory, seen)
        if not piece:
            break
        assert len(piece) <= 1000
        text += piece
    assert text == b"".join(lines[1:]).decode()


def test_no_log_yet_and_an_empty_rank(directory) -> None:
    assert read_since(RUNS, 0, directory, None) == (NO_LOG_YET, None)
    directory(9, 0).mkdir(parents=True)
    assert read_since(RUNS, 0, directory, None) == ("", None)


@pytest.mark.parametrize("text", [None, "null", "", "garbage", "3", "[]", '{"id": 1}', '{"timestamp": "bad", "id": 1}'])
def test_what_is_no_last_seen_is_the_beginning(text: str) -> None:
    assert parse_last_seen(text) is None


def test_long_lines_are_cut_and_progress_bars_are_not(directory) -> None:
    bar = "[HFAI_PRINT:TQDM]" + "y" * 5000
    write_segments(directory(9, 0), [stamped(0, "x" * 5000) + stamped(1, bar)])
    long, kept = read_since(RUNS, 0, directory, None)[0].splitlines()
    assert long.endswith("x...(日志长度超过 4096，已被截断)")
    assert len(long) < 4200
    assert kept.endswith(bar)


def test_occurrences_are_counted_in_messages_only(directory) -> None:
    """Every stamp holds a year; the messages hold it twice."""
    year = stamped(0, "")[1:5].decode()
    write_segments(directory(9, 0), [stamped(0, f"in {year}") + stamped(1, "loss 0.5, loss 0.4")])
    write_segments(directory(10, 0), [stamped(2, f"loss {year}")])
    assert count_occurrences(RUNS, 0, directory, year) == 2
    assert count_occurrences(RUNS, 0, directory, "loss") == 3
    assert count_occurrences(RUNS, 1, directory, "loss") == 0
    assert count_occurrences(RUNS, 0, directory, "") == 0
