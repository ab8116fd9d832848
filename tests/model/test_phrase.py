"""Texts that are still known as template and values."""

from __future__ import annotations

import json
import pickle
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from hfai.model.errors import EngineStartError, from_wire
from hfai.model.phrase import Phrase, gathered, packed, spread, system_error, unpacked

PLAIN = st.none() | st.booleans() | st.integers() | st.text()
PHRASES = st.recursive(
    st.builds(Phrase, st.text()),
    lambda inner: st.builds(lambda one, two: Phrase("{one} of {two}", one=one, two=two), inner, PLAIN | inner),
    max_leaves=5,
)


@given(st.recursive(PLAIN | PHRASES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8))
def test_what_is_packed_is_unpacked(value: Any) -> None:
    """Through JSON, with templates and values, however deep."""
    back = unpacked(json.loads(json.dumps(packed(value))))
    assert back == value
    assert packed(back) == packed(value)


@given(PHRASES)
def test_an_object_and_its_sentence(said: Phrase) -> None:
    """The text stands there for those who know no more; it is enough to read the sentence."""
    body = json.loads(json.dumps(spread("why", said)))
    assert body["why"] == str(said)
    assert packed(gathered("why", body)) == packed(said)
    assert gathered("why", {"why": str(said)}) == said
    assert packed(pickle.loads(pickle.dumps(said))) == packed(said)


def test_braces_in_a_text_are_no_fields() -> None:
    """A text without values is as it is; one whose template does not fit is its text."""
    assert Phrase("a {b}") == "a {b}"
    assert gathered("why", {"why": "as it was", "template": "{gone}", "data": {"there": 1}}) == "as it was"


def test_an_error_on_the_wire_keeps_its_parts() -> None:
    """The reason inside a message is a message itself."""
    error = EngineStartError(reason=Phrase("port {port} of {host} is taken", port=80, host="here"))
    assert str(error) == "the engine could not be started: port 80 of here is taken"
    back = from_wire(json.loads(json.dumps(error.to_wire())))
    assert isinstance(back, EngineStartError)
    assert back.data["reason"].template == "port {port} of {host} is taken"


def test_what_the_system_says() -> None:
    """With the file, where there is one."""
    assert system_error(PermissionError(13, "Permission denied", "/root/x")) == "/root/x: Permission denied"
    assert system_error(OSError(12, "Cannot allocate memory")) == "Cannot allocate memory"
