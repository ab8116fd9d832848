"""What becomes of log blocks: however they are cut, the same is shown."""

from __future__ import annotations

import re
from typing import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hfai.cli.log_views import LineView, LiveView, LogView, PlainView, RawView, Write

STAMP = b"[2026-01-31 14:30:00.123456] "
TEXTS = st.lists(
    st.lists(st.sampled_from([b"a", b"10%", b"\xe4\xb8\xad", b" ", b"[2026-01-31 14:30:00.123456] "]), max_size=4).map(b"".join)
    | st.lists(st.sampled_from([b"1%", b"22%", b"\r", b""]), max_size=6).map(b"".join),
    max_size=8,
)


def shown(make: Callable[[Write], LogView], data: bytes, cuts: list[int]) -> bytes:
    """What a view writes for the data, cut at these places."""
    out: list[bytes] = []
    view = make(out.append)
    places = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    for first, last in zip(places, places[1:]):
        view.add(0, 1, data[first:last])
    view.finish()
    return b"".join(out)


@given(texts=TEXTS, cuts=st.lists(st.integers(0, 500)))
def test_plain_shows_the_last_state_of_each_line(texts: list[bytes], cuts: list[int]) -> None:
    data = b"".join(STAMP + text + b"\n" for text in texts)
    last = [text.rstrip(b"\r").split(b"\r")[-1] for text in texts]
    assert shown(PlainView, data, cuts) == b"".join(STAMP + text + b"\n" for text in last)


@given(texts=TEXTS, cuts=st.lists(st.integers(0, 500)))
def test_raw_gives_back_what_was_written(texts: list[bytes], cuts: list[int]) -> None:
    """Also where the task itself writes something that looks like a stamp."""
    data = b"".join(STAMP + text + b"\n" for text in texts)
    assert shown(RawView, data, cuts) == b"".join(text + b"\n" for text in texts)


@given(texts=TEXTS, cuts=st.lists(st.integers(0, 500)))
def test_live_leaves_the_same_on_the_screen(texts: list[bytes], cuts: list[int]) -> None:
    """A terminal shows the stamp and the last state of each line."""
    data = b"".join(STAMP + text + b"\n" for text in texts)
    last = [(text.split(b"\r")[0], *filter(None, text.split(b"\r")))[-1] for text in texts]
    assert screen(shown(LiveView, data, cuts)) == [STAMP + text for text in last]


def screen(data: bytes) -> list[bytes]:
    """The lines of a terminal that knows \\r and erasing from the cursor to the end of the line."""
    lines = []
    for line in data.split(b"\n")[:-1]:
        left, at = b"", 0
        for part in re.split(rb"(\r|\x1b\[K)", line):
            if part == b"\r":
                at = 0
            elif part == b"\x1b[K":
                left = left[:at]
            else:
                left = left[:at] + part + left[at + len(part) :]
                at += len(part)
        lines.append(left)
    return lines


@given(texts=TEXTS, cuts=st.lists(st.integers(0, 500)))
def test_lines_are_whole(texts: list[bytes], cuts: list[int]) -> None:
    data = b"".join(STAMP + text + b"\n" for text in texts)
    seen: list[bytes] = []

    def show(rank: int, run: int, line: bytes) -> None:
        seen.append(line)

    shown(lambda write: LineView(write, show), data, cuts)
    assert seen == [STAMP + text for text in texts]


@pytest.mark.parametrize("view", [PlainView, RawView])
def test_a_line_without_an_end_is_shown_at_the_end(view: Callable[[Write], LogView]) -> None:
    assert shown(view, STAMP + b"no newline", []).rstrip(b"\n").endswith(b"no newline")


def test_what_a_killed_run_left_unfinished_does_not_join_the_next_line() -> None:
    out: list[bytes] = []
    view = PlainView(out.append)
    view.add(0, 1, STAMP + b"cut off")
    view.add(0, 2, STAMP + b"next\n")
    assert b"".join(out) == STAMP + b"cut off\n" + STAMP + b"next\n"


def test_memory_is_bounded_without_newlines() -> None:
    out: list[bytes] = []
    view = PlainView(out.append)
    view.add(0, 1, STAMP)
    for _ in range(40):
        view.add(0, 1, b"x" * 100_000)
    assert sum(map(len, out)) > 3_000_000
