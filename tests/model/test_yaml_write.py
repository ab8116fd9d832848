"""Values as YAML: read back they are the same, by readers of YAML 1.2."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from hfai.model.yaml_write import yaml_text

PLAIN = st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.floats(allow_nan=False, allow_infinity=False) | st.text()
VALUES = st.recursive(
    PLAIN, lambda inner: st.lists(inner) | st.dictionaries(st.text(min_size=1), inner), max_leaves=8
)


@given(VALUES)
def test_read_back(value: Any) -> None:
    assert YAML(typ="safe", pure=True).load(yaml_text(value)) == value


@pytest.mark.parametrize("text", ["yes", "no", "1", "1.5", "null", "2026-01-31T14:30:00", "~", "a: b", "- a", "训练"])
def test_texts_stay_texts(text: str) -> None:
    """In quotes where a reader of YAML 1.1 would see something else."""
    assert yaml_text({"a": text}) == f'a: "{text}"\n'
