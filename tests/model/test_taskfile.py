"""Task files with something wrong in them, and the many forms that a task may be given in."""

from __future__ import annotations

import io
import subprocess
import sys
from enum import IntEnum
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from hfai.model.errors import InvalidTask, InvalidTaskFile
from hfai.model.spec import TaskSpec
from hfai.model.taskfile import dump_task_file, load_task_file

HEAD = "version: 2\nname: sample_exp\nspec:\n  workspace: /w\n  entrypoint: train.py\n"
SAMPLE = TaskSpec(name="sample_exp", workspace="/w", entrypoint="train.py")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "exp.yaml"


def refusal(source: Any) -> InvalidTaskFile:
    with pytest.raises(InvalidTaskFile) as caught:
        load_task_file(source)
    assert "\n" not in str(caught.value)
    return caught.value


WRONG = [
    ("resource:\n  node_count: two\n", 7, 15, "resource.node_count", "is 'two': it must be a whole number from 1 to"),
    ("resource: {node_count: 0}\n", 6, 24, "resource.node_count", "is the number 0"),
    ("resource: {node_count: -1}\n", 6, 24, "resource.node_count", "is the number -1"),
    ("resource: {node_count: 1000000000}\n", 6, 24, "resource.node_count", "is the number 1000000000"),
    ("resource: [1]\n", 6, 11, "resource", "is a list: it must be a mapping"),
    ("priority: HIGH\n", 6, 11, "priority", "is 'HIGH': it must be one of 50 (EXTREME_HIGH), "),
    ("optoins: {}\n", 6, 1, "optoins", "did you mean options?"),
    ("spce: {}\n", 6, 1, "spce", "did you mean spec?"),
    ("resource:\n  node_cuont: 2\n", 7, 3, "resource.node_cuont", "did you mean resource.node_count?"),
    ("resource:\n  Node-Count: 2\n", 7, 3, "resource.Node-Count", "did you mean resource.node_count?"),
    ("resource:\n  nodes: 2\n", 7, 3, "resource.nodes", "did you mean resource.node_count?"),
    ("node_count: 2\n", 6, 1, "node_count", "did you mean resource.node_count?"),
    ("options:\n  environments: {}\n", 7, 3, "options.environments", "did you mean spec.environments?"),
    ("options: {tags: [a, _b]}\n", 6, 21, "options.tags[1]", "is '_b'"),
    ("name: again\n", 6, 1, "name", "name is there twice, first in line 2"),
    ("priority: 1: 2\n", 6, 12, "", "mapping values are not allowed here"),
    ("priority: 'x\n", 7, 1, "", "found unexpected end of stream"),
    ("options:\n\ttags: []\n", 7, 1, "", "a tab: indent with blanks"),
    ("options: [1\n", 7, 1, "", "expected ',' or ']'"),
    ("---\nversion: 2\n", 6, 1, "", "a second document begins"),
    ("mine: !!python/name:os.system\n", 6, 7, "mine", "the tag !!python/name:os.system has no meaning"),
    ("mine: *nowhere\n", 6, 7, "", "found undefined alias"),
    ("mine: &a [*a]\n", 6, 7, "mine[0]", "more values"),
    ("mine: {[1]: 2}\n", 6, 8, "mine", "a key must be text"),
    ("mine: {<<: 1}\n", 6, 7, "mine", "<< is the number 1"),
    ("mine: .inf\n", 6, 7, "mine", "it must be a finite number"),
    ("mine: !!int x\n", 6, 7, "mine", "is 'x': it is no number"),
    ("mine: \x07\n", 6, 7, "", "the character '\\x07' may not be in YAML"),
    ("mine: " + "[" * 3000 + "\n", 1, 1, "", "nested too deeply"),
    ("mine: " + "[" * 40 + "]" * 40 + "\n", 6, None, "mine" + "[0]" * 33, "nested less deeply"),
]


@pytest.mark.parametrize(("tail", "line", "column", "key", "text"), WRONG, ids=[key or text for *_, key, text in WRONG])
def test_an_error_names_its_place(file: Path, tail: str, line: int, column: int | None, key: str, text: str) -> None:
    """File, line, column, key path, what was found, what is allowed, and the nearest key for a typo."""
    file.write_text(HEAD + tail)
    error = refusal(file)
    assert text in str(error)
    assert (error.data["file"], error.data["line"], error.data["key"]) == (str(file), line, key)
    if column is not None:
        assert error.data["column"] == column
    assert str(error).startswith(f"{file}:{line}:{error.data['column']}: ")


def test_no_entrypoint(file: Path) -> None:
    """The place is the section that lacks it."""
    file.write_text("version: 2\nname: x\nspec:\n  workspace: /w\n")
    error = refusal(file)
    assert str(error) == f"{file}:3:1: spec.entrypoint is missing: it must be the file to run, for example train.py"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: x\nspec: {entrypoint: a.py}\n", "1:1: version is missing: it must be 2"),
        ("version: 1\nname: x\n", "1:10: version is the number 1: it must be 2"),
        ("version: 2\nspec: {entrypoint: a.py}\n", "1:1: name is missing: it must be text of 1 to 255 characters"),
        ("- 1\n", "1:1: the task is a list: it must be a mapping of keys to values"),
        ("just words\n", "1:1: the task is 'just words': it must be a mapping of keys to values"),
    ],
)
def test_no_task_at_all(file: Path, text: str, message: str) -> None:
    """Something is YAML, but no task."""
    file.write_text(text)
    assert str(refusal(file)).startswith(f"{file}:{message}")


@pytest.mark.parametrize("content", ["", "\n \n", "# only a comment\n", "---\n"])
def test_empty_file(file: Path, content: str) -> None:
    """Empty counts as empty, whatever white space or comments it holds."""
    file.write_text(content)
    assert str(refusal(file)).startswith(f"{file} is empty")


def test_missing_file_and_directory(tmp_path: Path) -> None:
    """Both by name."""
    assert str(refusal(str(tmp_path / "none.yaml"))) == f"{tmp_path}/none.yaml: there is no such file"
    assert str(refusal(tmp_path)) == f"{tmp_path}: this is a directory, not a task file"
    assert "there is no such file" in str(refusal("none\0.yaml")) or "null byte" in str(refusal("none\0.yaml"))


AS_NOBODY = """
import os
from hfai.model.errors import InvalidTaskFile
from hfai.model.taskfile import load_task_file
if os.geteuid() == 0:
    os.setuid(65534)
try:
    load_task_file("exp.yaml")
except InvalidTaskFile as error:
    print(error)
"""


def test_unreadable_file(file: Path) -> None:
    """Its mode forbids it; root, who may read everything, becomes somebody else for it."""
    file.write_text(HEAD)
    file.chmod(0)
    file.parent.chmod(0o755)
    done = subprocess.run(
        [sys.executable, "-c", AS_NOBODY], cwd=file.parent, capture_output=True, text=True, check=True
    )
    assert done.stdout == "exp.yaml: you may not read it\n"


def test_not_utf8(file: Path) -> None:
    """The place of the first byte that is none."""
    file.write_bytes(HEAD.encode() + "# größe\n".encode("latin-1"))
    assert str(refusal(file)) == f"{file}:6:5: this is not UTF-8 text"


def test_no_task_file_by_its_size(file: Path) -> None:
    """A checkpoint given by mistake is not read to its end."""
    with file.open("wb") as stream:
        stream.truncate(1 << 40)
    assert "larger than 1 MiB" in str(refusal(file))


def test_aliases_of_aliases_do_not_fill_the_memory(file: Path) -> None:
    """A thousand million values in ten lines."""
    lines = ["a0: &a0 [x]\n", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 10))]
    file.write_text(HEAD + "mine:\n" + "".join("  " + line for line in lines))
    assert "more values" in str(refusal(file))


def test_text_is_what_was_written(file: Path) -> None:
    """Numbers, dates and words of other YAML versions where a text is meant."""
    file.write_text(
        "version: 2\nname: 007\nspec:\n  workspace: /w\n  entrypoint: train.py\n  parameters: 1_0\n"
        "  environments: {A: 1e3, B: yes, C: true, D: 2024-01-01, E: 0x1F, F: , G: ''}\noptions: {tags: [1.0, on]}\n"
    )
    task = load_task_file(file)
    assert (task.name, task.parameters, task.tags) == ("007", "1_0", ("1.0", "on"))
    assert task.environments == {"A": "1e3", "B": "yes", "C": "true", "D": "2024-01-01", "E": "0x1F", "F": "", "G": ""}


def test_block_text_keeps_its_line_breaks(file: Path) -> None:
    """A value of several lines, as YAML's ``|`` writes it."""
    file.write_text(HEAD + "  environments:\n    NOTE: |\n      one\n      two $HOME\n")
    assert load_task_file(file).environments == {"NOTE": "one\ntwo $HOME\n"}


def test_merge_keys(file: Path) -> None:
    """``<<`` takes over a mapping; what is written beside it wins."""
    file.write_text(HEAD + "  environments: {<<: [&a {A: 1, B: 1}, {B: 2, C: 2}], A: 3}\nmine: {<<: *a}\n")
    task = load_task_file(file)
    assert task.environments == {"A": "3", "B": "1", "C": "2"}
    assert task.extra == {"mine": {"A": 1, "B": 1}}


def test_an_unknown_key_is_kept_and_a_quoted_one_always(file: Path) -> None:
    """Quotes say that no typo is meant."""
    file.write_text(HEAD + "my_own: 1\n'optoins': {a: [1]}\nresource: {\"nodes\": 3}\n")
    task = load_task_file(file)
    assert task.extra == {"my_own": 1, "optoins": {"a": [1]}, "resource": {"nodes": 3}}
    assert load_task_file(dump_task_file(task)) == task


def test_every_form_of_source(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Path, text, open files, mappings, objects with attributes, and the task itself."""
    file.write_text(HEAD)
    monkeypatch.chdir(file.parent)
    mapping = {"version": 2, "name": "sample_exp", "spec": {"workspace": Path("/w"), "entrypoint": "train.py"}}
    with file.open() as text_stream, file.open("rb") as byte_stream:
        sources = [file, str(file), "exp.yaml", HEAD, io.StringIO(HEAD), io.BytesIO(b"\xef\xbb\xbf" + HEAD.encode())]
        sources += [text_stream, byte_stream, mapping, SimpleNamespace(**{**mapping, "_own": 1}), SAMPLE]
        sources += [SimpleNamespace(version=2, name="sample_exp", spec=SimpleNamespace(**mapping["spec"]))]
        for source in sources:
            assert load_task_file(source) == SAMPLE


def test_flow_text_and_a_file_that_looks_like_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A str with ``": "`` is YAML text, unless a file has just that name."""
    monkeypatch.chdir(tmp_path)
    text = "{version: 2, name: sample_exp, spec: {workspace: w, entrypoint: train.py}}"
    assert load_task_file(text).workspace == str(tmp_path / "w")
    odd = tmp_path / "exp: 1.yaml"
    odd.write_text(HEAD)
    assert load_task_file(odd.name) == SAMPLE


def test_a_name_in_the_message_is_that_of_the_open_file(file: Path) -> None:
    """And ``<text>`` where there is none."""
    file.write_text("version: 3\n")
    with file.open() as stream:
        assert str(refusal(stream)).startswith(f"{file}:1:10: ")
    assert str(refusal("version: 3\n")).startswith("<text>:1:10: ")
    assert str(refusal("")).startswith("<text> is empty")


@pytest.mark.parametrize("source", [None, 5, b"version: 2", object, [1]])
def test_what_is_no_task(source: object) -> None:
    """A wrong argument of the SDK's call."""
    with pytest.raises(InvalidTask, match="it must be a path, YAML text, an open file, a mapping or an object"):
        load_task_file(source)


def test_a_mapping_has_no_lines_but_is_checked_as_well() -> None:
    """The key path is all there is."""
    with pytest.raises(InvalidTask) as caught:
        load_task_file({"version": 2, "name": "x", "spec": {"entrypoint": "a.py"}, "resource": {"node_cuont": 2}})
    assert str(caught.value) == "unknown key resource.node_cuont: did you mean resource.node_count?"


def test_enums_count_as_their_values() -> None:
    """``hfai.client.EXP_PRIORITY.HIGH`` in a mapping."""

    class Level(IntEnum):
        HIGH = 30

    spec = {"workspace": "/w", "entrypoint": "a.py"}
    config = {"version": 2, "name": "x", "priority": Level.HIGH, "spec": spec}
    assert load_task_file(config).priority == 30


@pytest.mark.parametrize(
    ("written", "read"),
    [("", "{cwd}"), (".", "{cwd}"), ("code/sub", "{cwd}/code/sub"), ("../x", "{parent}/x"), ("/abs/../x", "/abs/../x")],
)
def test_a_workspace_is_taken_from_the_current_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: str, read: str
) -> None:
    """Absolute ones stay as they are."""
    monkeypatch.chdir(tmp_path)
    task = load_task_file(f"version: 2\nname: x\nspec: {{entrypoint: a.py, workspace: '{written}'}}\n")
    assert task.workspace == read.format(cwd=tmp_path, parent=tmp_path.parent)


def test_a_task_from_a_repository_keeps_no_workspace() -> None:
    """HAI Platform clones it into a place of its own."""
    config = {"version": 2, "name": "x", "spec": {"entrypoint": "a.py", "git_remote_repo": "https://example.org/x.git"}}
    assert load_task_file(config).workspace == ""


def test_home_in_a_workspace(monkeypatch: pytest.MonkeyPatch) -> None:
    """``~`` as the shell takes it."""
    monkeypatch.setenv("HOME", "/home/someone")
    assert load_task_file(HEAD.replace("/w", "~/code")).workspace == "/home/someone/code"
