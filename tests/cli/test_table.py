"""Tables: the tutorial's form, and wide characters."""

from __future__ import annotations

from wcwidth import wcswidth

from hfai.cli.table import table


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
