"""The error tree: stable codes, exit statuses as the design has them, and the way over the wire and back."""

from __future__ import annotations

import json
import pickle

import pytest

from hfai.model import errors
from hfai.model.errors import HfaiError, InvalidTaskFile, NameInUse, RefusedError, TaskNotFound, from_wire


def tree(root: type[HfaiError] = HfaiError) -> list[type[HfaiError]]:
    return [root, *(kind for child in root.__subclasses__() for kind in tree(child))]


def test_every_code_is_there_once() -> None:
    """A code stands for one error."""
    codes = [kind.code for kind in tree() if kind.__module__ == errors.__name__]
    assert len(codes) == len(set(codes))


def test_the_picture_is_the_tree() -> None:
    """Names and exit statuses in the module's docstring are those of the classes."""
    drawn = {}
    for line in (errors.__doc__ or "").splitlines():
        words = line.replace("|", " ").replace("`-", " ").replace("- ", " ").split()
        if len(words) >= 2 and words[1].isdigit() and hasattr(errors, words[0]):
            drawn[words[0]] = int(words[1])
    assert drawn == {kind.__name__: kind.exit_status for kind in tree() if kind.__module__ == errors.__name__}


def test_over_the_wire_and_back() -> None:
    """Class, words and values survive JSON."""
    error = NameInUse(name="a{b}", id=7, chain_status="running")
    back = from_wire(json.loads(json.dumps(error.to_wire())))
    assert type(back) is NameInUse
    assert str(back) == str(error)
    assert back.data == error.data
    assert "the name a{b} is in use by your task 7 (running)" in str(back)


def test_an_error_of_a_task_file_keeps_its_place() -> None:
    """Line and column are numbers on the other side, too."""
    error = InvalidTaskFile("{file}:{line}:{column}: {problem}", file="x.yaml", line=3, column=4, key="", problem="no")
    assert from_wire(error.to_wire()).data["line"] == 3


@pytest.mark.parametrize(
    "body",
    [
        {"success": 0, "msg": "没有符合条件的任务"},
        {"success": 0, "msg": "没有符合条件的任务", "code": "of a newer engine"},
        {"success": 0, "msg": "没有符合条件的任务", "code": "name_in_use", "template": "{lost}", "data": {}},
        {"success": 0, "msg": "没有符合条件的任务", "code": "refused", "template": "{0}", "data": {}},
    ],
)
def test_what_another_server_says_is_shown_as_it_is(body: dict[str, object]) -> None:
    """An existing server has only a text; a newer engine may have codes and values that we do not know."""
    error = from_wire(body)
    assert isinstance(error, RefusedError)
    assert str(error) == "没有符合条件的任务"


def test_an_error_crosses_process_borders_whole() -> None:
    """Pools pickle what their workers raise: class, data and a text with braces survive."""
    error = pickle.loads(pickle.dumps(TaskNotFound(experiment="{x}")))
    assert (type(error), error.data, str(error)) == (TaskNotFound, {"experiment": "{x}"}, str(TaskNotFound(experiment="{x}")))
