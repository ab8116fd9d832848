"""Whatever is given: a task or one clear line, never a traceback."""

from __future__ import annotations

import io
import json
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from hfai.model.errors import InvalidTask, InvalidTaskFile
from hfai.model.spec import TaskSpec
from hfai.model.spec_reading import KNOWN_KEYS
from hfai.model.taskfile import load_task_file

WORDS = [key for keys in KNOWN_KEYS.values() for key in keys]
PIECES = [*WORDS, *":-,[]{}#&*!|>'\"%@`?~ \n\t", "\n  ", ": ", "- ", "<<", "---", "...", "2", "-1", "1e3", ".nan", "0x"]
PIECES += ["\0", "\x85", "%YAML 1.1\n", "%YAML 9.9\n", "%TAG ! x\n", "!!binary", "!!set", "!!timestamp x", "=", "\ud800"]

text = st.text(max_size=60) | st.lists(st.sampled_from(PIECES), max_size=30).map("".join)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS) | st.text(), inner, max_size=4),
    max_leaves=10,
)
sections = {name: values | st.dictionaries(st.sampled_from(KNOWN_KEYS[name]), values) for name in KNOWN_KEYS if name}
bodies = st.fixed_dictionaries({"version": st.just(2), "name": st.just("x") | values}, optional={**sections, "x": values})


@given(text)
@example("%YAML 9.9\n---\nversion: 2\n")
@example("version: !!timestamp x\n")
@example("? version\n: 2\n")
@example("a: !<tag:yaml.org,2002:map> [1]\n")
@example("a: !!seq {b: 1}\n")
@example("!!str\n")
def test_any_text(content: str) -> None:
    """As the content of an open file."""
    try:
        task = load_task_file(io.StringIO(content))
    except InvalidTaskFile as error:
        assert "\n" not in str(error)
        json.dumps(error.to_wire())
    else:
        assert isinstance(task, TaskSpec)


@given(st.binary(max_size=60))
def test_any_bytes(content: bytes) -> None:
    """A file that is no text at all."""
    try:
        load_task_file(io.BytesIO(content))
    except InvalidTaskFile as error:
        assert "\n" not in str(error)


@given(bodies | values)
def test_any_body(body: Any) -> None:
    """The JSON of a request: what is accepted can be said again, and is then the same."""
    try:
        task = TaskSpec.from_mapping(body)
    except InvalidTask as error:
        assert "\n" not in str(error)
        json.dumps(error.to_wire()).encode()
    else:
        assert TaskSpec.from_mapping(json.loads(json.dumps(task.to_wire(), allow_nan=False))) == task
        assert task.argv()
