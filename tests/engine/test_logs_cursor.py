"""Cursors and ranks: what is read, and what is refused."""

from __future__ import annotations

import pytest

from hfai.engine.logs.cursor import Cursor, parse_cursors
from hfai.engine.logs.ranks import parse_ranks
from hfai.model.errors import RankNotFound


def test_a_cursor_is_the_text_it_gives() -> None:
    cursor = Cursor(12, 3, 4096)
    assert str(cursor) == "12.3.4096"
    assert Cursor.parse(str(cursor)) == cursor


def test_cursors_of_a_rank_compare_by_time() -> None:
    assert Cursor(1, 9, 9) < Cursor(2, 0, 0) < Cursor(2, 0, 1) < Cursor(2, 1, 0)


@pytest.mark.parametrize("text", ["", "1.2", "1.2.3.4", "a.b.c", "1.-2.3", "1.2.3 ", "١.٢.٣", "1.2." + "9" * 30])
def test_other_text_is_no_cursor(text: str) -> None:
    with pytest.raises(ValueError):
        Cursor.parse(text)


def test_cursors_are_listed_by_rank() -> None:
    assert parse_cursors("0:1.0.5,3:1.2.0") == {0: Cursor(1, 0, 5), 3: Cursor(1, 2, 0)}
    assert parse_cursors("") == {}


@pytest.mark.parametrize("text", ["1.0.5", "x:1.0.5", "0:1.0.5,0:1.0.6", ":1.0.0", "-1:1.0.0", "0:"])
def test_other_text_is_no_list_of_cursors(text: str) -> None:
    with pytest.raises(ValueError):
        parse_cursors(text)


@pytest.mark.parametrize(
    ("text", "ranks"),
    [("0", (0,)), ("all", tuple(range(8))), ("0,3-5", (0, 3, 4, 5)), ("5,3-4,4", (3, 4, 5)), ("7-7", (7,))],
)
def test_ranks(text: str, ranks: tuple[int, ...]) -> None:
    assert parse_ranks(text, nodes=8, experiment="x") == ranks


@pytest.mark.parametrize("text", ["", "-1", "a", "0,", "1-", "5-3", "0;1", "٣"])
def test_other_text_is_no_ranks(text: str) -> None:
    with pytest.raises(ValueError):
        parse_ranks(text, nodes=8, experiment="x")


@pytest.mark.parametrize(("text", "rank"), [("8", 8), ("0-8", 8), ("999999999", 999999999), ("9-12", 9)])
def test_a_rank_out_of_range_is_named(text: str, rank: int) -> None:
    with pytest.raises(RankNotFound) as refusal:
        parse_ranks(text, nodes=8, experiment="x")
    assert refusal.value.data == {"experiment": "x", "rank": rank, "ranks": "0-7"}
