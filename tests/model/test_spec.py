"""What a task may say, as the engine reads it from a request body."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from hfai.model.errors import InvalidTask
from hfai.model.spec import TaskSpec


def body(**changes: Any) -> dict[str, Any]:
    """A smallest valid body with some of its parts replaced; None takes a part away."""
    parts: dict[str, Any] = {"version": 2, "name": "sample_exp", "spec": {"workspace": "/w", "entrypoint": "train.py"}}
    parts.update(changes)
    return {key: value for key, value in parts.items() if value is not None}


def spec(**changes: Any) -> dict[str, Any]:
    return {"workspace": "/w", "entrypoint": "train.py", **changes}


WRONG = [
    (body(version=None), "version"),
    (body(version=1), "version"),
    (body(version=True), "version"),
    (body(version="2"), "version"),
    (body(name=None), "name"),
    (body(name=""), "name"),
    (body(name="   "), "name"),
    (body(name="n" * 256), "name"),
    (body(name="n" * 600), "name"),
    (body(name="a(b"), "name"),
    (body(name="a)b"), "name"),
    (body(name="a/b"), "name"),
    (body(name="a\nb"), "name"),
    (body(name="a\x7fb"), "name"),
    (body(name="\ud800"), "name"),
    (body(name=["a"]), "name"),
    (body(priority=31), "priority"),
    (body(priority=True), "priority"),
    (body(priority="HIGH"), "priority"),
    (body(priority=30.0), "priority"),
    (body(task_type="dance"), "task_type"),
    (body(spec=None), "spec.entrypoint"),
    (body(spec=[]), "spec"),
    (body(spec={"workspace": "/w"}), "spec.entrypoint"),
    (body(spec=spec(entrypoint="")), "spec.entrypoint"),
    (body(spec=spec(entrypoint="a\nb")), "spec.entrypoint"),
    (body(spec=spec(workspace="/a b")), "spec.workspace"),
    (body(spec=spec(workspace="/" + "w" * 255)), "spec.workspace"),
    (body(spec=spec(workspace=3.5j)), "spec.workspace"),
    (body(spec=spec(parameters="x" * 2048)), "spec.parameters"),
    (body(spec=spec(parameters="a\0b")), "spec.parameters"),
    (body(spec=spec(parameters=["--epochs"])), "spec.parameters"),
    (body(spec=spec(entrypoint_executable="yes")), "spec.entrypoint_executable"),
    (body(spec=spec(entrypoint_executable=1)), "spec.entrypoint_executable"),
    (body(spec=spec(environments=["A=1"])), "spec.environments"),
    (body(spec=spec(environments={"A": True})), "spec.environments.A"),
    (body(spec=spec(environments={"A": None})), "spec.environments.A"),
    (body(spec=spec(environments={"A": "\0"})), "spec.environments.A"),
    (body(spec=spec(environments={"A=B": "1"})), "spec.environments.A=B"),
    (body(spec=spec(environments={"": "1"})), "spec.environments."),
    (body(spec=spec(environments={"A": "x" * 131072})), "spec.environments.A"),
    (body(spec=spec(environments={1: "x"})), "spec.environments.1"),
    (body(resource={"node_count": 0}), "resource.node_count"),
    (body(resource={"node_count": -1}), "resource.node_count"),
    (body(resource={"node_count": "two"}), "resource.node_count"),
    (body(resource={"node_count": 10**9}), "resource.node_count"),
    (body(resource={"node_count": True}), "resource.node_count"),
    (body(resource={"node_count": 2.0}), "resource.node_count"),
    (body(resource={"group": 1.5, "image": {}}), "resource.image"),
    (body(options={"whole_life_state": 2**63}), "options.whole_life_state"),
    (body(options={"watchdog_time": 0}), "options.watchdog_time"),
    (body(options={"watchdog_time": 1.5}), "options.watchdog_time"),
    (body(options={"suspend_grace": -1}), "options.suspend_grace"),
    (body(options={"suspend_grace": float("nan")}), "options.suspend_grace"),
    (body(options={"timeout": 0}), "options.timeout"),
    (body(options={"timeout": True}), "options.timeout"),
    (body(options={"py_venv": []}), "options.py_venv"),
    (body(options={"tags": ["_mine"]}), "options.tags[0]"),
    (body(options={"tags": ["a", ""]}), "options.tags[1]"),
    (body(options={"tags": {"a": 1}}), "options.tags"),
    (body(options={"mine": float("inf")}), "options.mine"),
    (body(mine={"a": [object()]}), "mine.a[0]"),
]


@pytest.mark.parametrize(("wrong", "key"), WRONG, ids=[f"{number}-{key}" for number, (_, key) in enumerate(WRONG)])
def test_what_cannot_be_used_is_refused_with_its_key(wrong: dict[str, Any], key: str) -> None:
    """One line that names the key path and what is allowed."""
    with pytest.raises(InvalidTask) as caught:
        TaskSpec.from_mapping(wrong)
    assert caught.value.data["key"] == key
    assert caught.value.data["allowed"] in str(caught.value)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(f"{key} is ")


def test_the_message_says_what_was_found_and_what_is_allowed() -> None:
    """The words a user reads."""
    with pytest.raises(InvalidTask) as caught:
        TaskSpec.from_mapping(body(resource={"node_count": "two"}))
    assert str(caught.value) == "resource.node_count is 'two': it must be a whole number from 1 to 100000"


def test_only_name_and_entrypoint_are_needed() -> None:
    """The defaults of the wire document, and of the design where it has none."""
    task = TaskSpec.from_mapping({"version": 2, "name": "x", "spec": {"entrypoint": "a.py"}})
    assert task == TaskSpec(name="x", entrypoint="a.py")
    assert (task.priority, task.node_count, task.group, task.image) == (-1, 1, "default", "default")
    assert (task.watchdog_time, task.suspend_grace, task.timeout) == (1800, 5, None)


def test_a_key_without_a_value_counts_as_not_given() -> None:
    """``group:`` and nothing behind it."""
    task = TaskSpec.from_mapping(body(resource={"group": None, "image": ""}, options={"tags": None, "py_venv": None}))
    assert (task.group, task.image, task.tags, task.py_venv) == ("default", "default", (), None)


def test_unknown_keys_are_kept_at_every_level_and_go_back_to_their_places() -> None:
    """An existing server's keys, a user's own, and keys that look like typos."""
    asked = body(
        services=[{"name": "ssh"}],
        mine={"deep": [1, {"er": None}]},
        spec=spec(git_remote_repo="x", envrionments=1),
        resource={"gpu": 8, "node_count": 2},
        options={"profile": {"time": 60}, "mount_code": 3},
    )
    task = TaskSpec.from_mapping(asked)
    assert task.extra == {
        "services": [{"name": "ssh"}],
        "mine": {"deep": [1, {"er": None}]},
        "spec": {"git_remote_repo": "x", "envrionments": 1},
        "resource": {"gpu": 8},
        "options": {"profile": {"time": 60}, "mount_code": 3},
    }
    wire = task.to_wire()
    assert wire["spec"]["git_remote_repo"] == "x"
    assert wire["resource"] == {"gpu": 8, "node_count": 2, "image": "default", "group": "default"}
    assert TaskSpec.from_mapping(wire) == task


def test_what_belongs_to_the_request_is_not_part_of_the_task() -> None:
    """A token in the body, as existing clients may send it, is never stored with the task."""
    task = TaskSpec.from_mapping(body(token="secret", shell_environment={"PATH": "/bin"}, dry_run=True))
    assert task.extra == {}
    assert "secret" not in str(task.to_wire())


def test_numbers_count_as_their_digits_where_text_is_meant() -> None:
    """``environments: {OMP_NUM_THREADS: 4}`` is what people write."""
    task = TaskSpec.from_mapping(body(name=7, spec=spec(environments={"OMP_NUM_THREADS": 4}, parameters=3)))
    assert (task.name, task.environments, task.parameters) == ("7", {"OMP_NUM_THREADS": "4"}, "3")


@pytest.mark.parametrize("tags", ["a, b", ["a", "b"], ("a", "b", "a"), "a,b,"])
def test_tags_are_a_list_or_text_with_commas(tags: object) -> None:
    """Both forms of the wire document; twice the same is once."""
    assert TaskSpec.from_mapping(body(options={"tags": tags})).tags == ("a", "b")


def test_code_file_keeps_its_trailing_blank() -> None:
    """As an existing server writes it."""
    task = TaskSpec.from_mapping(body())
    assert task.code_file == "/w/train.py "
    assert evolve(task, parameters="--lr 1").code_file == "/w/train.py --lr 1"


ARGV = [
    ("train.py", "", False, ["python3", "-u", "train.py"]),
    ("train.py", "--epochs 3", False, ["python3", "-u", "train.py", "--epochs", "3"]),
    ("train.py", "'a b' '$HOME'", False, ["python3", "-u", "train.py", "a b", "$HOME"]),
    ("train.py", "$HOME", False, ["bash", "-c", "python3 -u train.py $HOME"]),
    ("train.py", "a  b", False, ["bash", "-c", "python3 -u train.py a  b"]),
    ("train.py", "it's", False, ["bash", "-c", "python3 -u train.py it's"]),
    ("my file.py", "*", False, ["bash", "-c", "python3 -u 'my file.py' *"]),
    ("run.sh", "x", False, ["bash", "run.sh", "x"]),
    ("Makefile", "", False, ["bash", "Makefile"]),
    ("./prog", "x", True, ["./prog", "x"]),
    ("train.py", "x", True, ["train.py", "x"]),
    ("./prog", "> out", True, ["bash", "-c", "./prog > out"]),
]


@pytest.mark.parametrize(("entrypoint", "parameters", "executable", "argv"), ARGV)
def test_argv(entrypoint: str, parameters: str, executable: bool, argv: list[str]) -> None:
    """The rule of the architecture document, under spec.json."""
    task = TaskSpec(name="x", entrypoint=entrypoint, parameters=parameters, entrypoint_executable=executable)
    assert task.argv() == argv


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), max_size=4))
def test_quoted_arguments_arrive_as_they_were(arguments: list[str]) -> None:
    """What the command line quotes word by word is what the program gets, without a shell in between."""
    import shlex

    task = TaskSpec(name="x", entrypoint="a.py", parameters=shlex.join(arguments))
    assert task.argv() == ["python3", "-u", "a.py", *arguments]


def test_shell_text_is_run_by_bash() -> None:
    """A real bash gives the program what the user's shell text says."""
    task = TaskSpec(name="x", entrypoint="printf", parameters='"%s|" "$GREETING" 中文  x', entrypoint_executable=True)
    environ = {"GREETING": "a  b", "PATH": "/usr/bin:/bin"}
    done = subprocess.run(task.argv(), env=environ, capture_output=True, check=True)
    assert done.stdout.decode() == "a  b|中文|x|"
