"""A written task file is read as the same task, whatever its texts hold."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from hfai.model.priorities import Priority
from hfai.model.spec import TASK_TYPES, TaskSpec
from hfai.model.spec_reading import KNOWN_KEYS
from hfai.model.taskfile import dump_task_file, load_task_file

ODD = ["---", "...", "1", "1e3", "0x1F", "007", "true", "No", "~", "null", "", " ", "<<", "=", "2024-01-01", "$HOME"]
ODD += ["- a", "a: b", "#", "a #b", "'", '"', "\\", "&a", "*a", "!x", "{", "%", "line\nline", "\ttab"]
ODD += ["中文", "\u2028", "\x85", "\ufeff", "\U0001f600"]

text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40) | st.sampled_from(ODD)
unprintable = [chr(code) for code in [*range(32), *range(0x7F, 0xA0)]]
line = text.filter(lambda value: bool(value.strip()) and not any(sign in value for sign in unprintable))
name = line.filter(lambda value: not any(sign in value for sign in "()/"))
tag = line.filter(lambda value: not value.startswith("_"))
variable = text.filter(lambda value: bool(value) and "=" not in value)
json_value = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False, allow_infinity=False) | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=8,
)


def unknown(section: str) -> st.SearchStrategy[dict[str, Any]]:
    reserved = {*KNOWN_KEYS[section], "token", "shell_environment", "dry_run"}
    return st.dictionaries(text.filter(lambda key: key not in reserved), json_value, max_size=3)


@st.composite
def extras(draw: st.DrawFn) -> dict[str, Any]:
    extra = draw(unknown(""))
    for section in ("spec", "resource", "options"):
        if keys := draw(unknown(section)):
            extra[section] = keys
    return extra


tasks = st.builds(
    TaskSpec,
    name=name,
    entrypoint=line,
    workspace=line.map(lambda value: "/" + value.replace(" ", "_")),
    parameters=text,
    environments=st.dictionaries(variable, text, max_size=4),
    entrypoint_executable=st.booleans(),
    priority=st.sampled_from([int(level) for level in Priority]),
    image=line,
    group=line,
    node_count=st.integers(1, 10**5),
    whole_life_state=st.integers(-(2**63), 2**63 - 1),
    py_venv=st.none() | text,
    watchdog_time=st.integers(1, 10**6),
    suspend_grace=st.integers(0, 60) | st.floats(0, 86400),
    timeout=st.none() | st.integers(1, 10**6) | st.floats(1, 10**6),
    tags=st.lists(tag, max_size=3, unique=True).map(tuple),
    task_type=st.sampled_from(TASK_TYPES),
    extra=extras(),
)


@given(tasks)
def test_a_written_file_is_read_as_the_same_task(task: TaskSpec) -> None:
    """Quotes, ``$``, line breaks, non-ASCII, texts that look like numbers, unknown keys that look like typos."""
    assert load_task_file(dump_task_file(task)) == task


@given(tasks)
def test_the_wire_body_is_read_as_the_same_task(task: TaskSpec) -> None:
    """Through JSON, as the engine gets it."""
    assert TaskSpec.from_mapping(json.loads(json.dumps(task.to_wire()))) == task
