"""Tables: the tutorial's form, wide characters, and terminals that are too narrow."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wcwidth import wcswidth

from hfai.cli.fitting import fitted
from hfai.cli.table import table
from hfai.cli.text_width import pieces, text_width, wrap

WORDS = st.text(st.sampled_from("abc_-/ .0159训练，任务"), max_size=30)


def test_the_form_of_the_tutorial() -> None:
    assert table(["id", "nb_name"], [[397246, "sample_exp"]]) == (
        "+--------+------------+\n"
        "| id     | nb_name    |\n"
        "+========+============+\n"
        "| 397246 | sample_exp |\n"
        "+--------+------------+\n"
    )


def test_wide_characters_take_two_columns() -> None:
    """Every line takes the same room on a terminal."""
    lines = table(["id", "name"], [[1, "训练"], [2, "e\u0301x"], [3, "long ascii"]]).splitlines()
    assert {wcswidth(line) for line in lines} == {wcswidth(lines[0])}


def test_control_characters_cannot_move_the_cursor() -> None:
    assert "\x1b" not in table(["name"], [["a\x1b[31m\nb"]])
    assert len(table(["name"], [["a\nb"]]).splitlines()) == 5


def test_without_rows() -> None:
    assert table(["a"], []) == "+---+\n| a |\n+===+\n"


HEADER = ["id", "nb_name", "chain_status", "suspend_count", "updated_at"]
ROWS = [[396391, "sample_exp", "finished", 0, "2021-09-22 15:29:13"], [7, "训练_一个很长的名字", "running", 0, None]]


def test_a_heading_wraps_first() -> None:
    """It costs one line, not one in each row."""
    lines = table(HEADER, ROWS[:1] * 9, room=75).splitlines()
    assert len(lines) == 2 + 1 + 9 + 2 and "suspend_ " in lines[1] and "count " in lines[2]


@pytest.mark.parametrize("room", range(8, 100))
def test_every_width(room: int) -> None:
    """Nothing is wider than the screen, nothing is lost."""
    text = table(HEADER, ROWS, room=room)
    assert max(map(wcswidth, text.splitlines())) <= room
    assert "".join(re.findall(r"[一-鿿]", text)) == "训练一个很长的名字"


def test_forty_columns() -> None:
    """Too narrow for a table: each row as lines."""
    assert table(HEADER[:3], ROWS[:1], room=20) == (
        "--------------------\nid          396391\nnb_name     sample_\n            exp\nchain_      finished\nstatus\n"
    )


def test_no_cell_becomes_a_tower() -> None:
    """A sentence that only has a narrow column left is better read in a record."""
    header = ("position", "name", "user_name", "priority", "chain_status", "reason")
    sentence = "next in queue: needs 3 nodes, 1 is free, 1 held by train.py (running, slice ends 11:30)"
    row = ("1", "w1", "root", "AUTO", "waiting_init", sentence)
    assert f"reason        {sentence[:40]}" in table(header, [row], room=60)
    assert table(header, [row], room=120).startswith("+--")


def test_colours_take_no_room() -> None:
    plain = table(HEADER, ROWS, room=70)
    coloured = table(HEADER, ROWS, room=70, colours={2: lambda text: 32 if text == "running" else None})
    assert re.sub(r"\x1b\[\d+m", "", coloured) == plain
    assert "\x1b[32mrunning\x1b[0m" in coloured and coloured.count("\x1b") == 2


@given(st.lists(st.tuples(WORDS, WORDS, WORDS), min_size=1, max_size=6), st.integers(1, 80))
def test_fitted_widths_fit(rows: list[tuple[str, str, str]], room: int) -> None:
    columns = list(zip(*rows))
    widths = fitted(columns, room)
    if widths is None:
        return
    assert sum(widths) + 4 + 3 * 2 <= room
    for texts, width in zip(columns, widths):
        for text in texts:
            assert all(text_width(line) <= max(width, 2) for line in wrap(text, width))


@given(WORDS, st.integers(1, 40))
def test_wrapping_loses_nothing_but_spaces(text: str, width: int) -> None:
    assert "".join(pieces(text)) == text
    lines = wrap(text, width)
    assert lines and "".join("".join(lines).split()) == "".join(text.split())
    assert all(text_width(line) <= max(width, 2) for line in lines)
