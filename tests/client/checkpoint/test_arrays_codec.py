"""Plain values and arrays come back as exactly what they were; nothing else is let in."""

from __future__ import annotations

import enum
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hfai.client.checkpoint import ArraysCodec
from hfai.model.errors import HfaiError, UsageError

SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary() | st.complex_numbers(allow_nan=False)
)
KEYS = st.recursive(SCALARS, lambda inner: st.tuples(inner, inner) | st.frozensets(inner, max_size=2), max_leaves=3)
STATES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(KEYS, inner) | st.sets(KEYS),
    max_leaves=20,
)


def passed(state: Any, path: Path) -> Any:
    ArraysCodec().write(state, path)
    return ArraysCodec().read(path)


def shape(value: Any) -> Any:
    """With the types, which == does not compare: 1, 1.0 and True are equal."""
    if isinstance(value, dict):
        return type(value), [(shape(key), shape(one)) for key, one in value.items()]
    if isinstance(value, (list, tuple)):
        return type(value), [shape(one) for one in value]
    if isinstance(value, (set, frozenset)):
        return type(value), sorted(repr(shape(one)) for one in value)
    return type(value), repr(value)


@given(state=STATES)
def test_plain_values(state: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Nested in any way, with any key, types and order included."""
    path = tmp_path_factory.getbasetemp() / "plain.npz"
    assert shape(passed(state, path)) == shape(state)


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6, dtype=np.float16).reshape(2, 3),
        np.asfortranarray(np.ones((2, 3))),
        np.array(5),
        np.zeros((0, 4), dtype=">i4"),
        np.array(["ab", "c"]),
        np.array([(1, 2.5)], dtype=[("a", "i4"), ("b", "f8")]),
        np.array(["2020-01-01"], dtype="datetime64[D]"),
        np.array([np.nan, -0.0, np.inf]),
    ],
    ids=str,
)
def test_arrays(array: Any, tmp_path: Path) -> None:
    """Bit for bit, with dtype and shape."""
    found = passed({"a": [array]}, tmp_path / "x.npz")["a"][0]
    assert (found.dtype, found.shape, found.tobytes()) == (array.dtype, array.shape, array.tobytes())


def test_numbers_of_numpy_and_the_state_of_a_generator(tmp_path: Path) -> None:
    """np.float64 is a float too, but must stay what it is; a generator goes on where it was."""
    generator = np.random.default_rng(3)
    state = passed({"loss": np.float64(0.1), "random": generator.bit_generator.state, "o": OrderedDict(a=1)}, tmp_path / "x.npz")
    assert type(state["loss"]) is np.float64
    assert type(state["o"]) is OrderedDict
    again = np.random.default_rng()
    again.bit_generator.state = state["random"]
    assert again.random() == generator.random()


class Colour(enum.IntEnum):
    RED = 1


@pytest.mark.parametrize("value", [object(), Colour.RED, np.array([None]), np.ma.masked_array([1], [True]), print])
def test_anything_else_is_refused(value: Any, tmp_path: Path) -> None:
    """Rather than coming back as something similar."""
    with pytest.raises(UsageError, match=r"state\['x'\]"):
        ArraysCodec().write({"x": value}, tmp_path / "x.npz")


def test_other_files_are_refused(tmp_path: Path) -> None:
    """A text, a zip without the tree, a pickled array inside."""
    path = tmp_path / "x.npz"
    path.write_text("no zip")
    with pytest.raises(HfaiError, match="cannot be loaded"):
        ArraysCodec().read(path)
    np.savez(path, a=np.ones(2))
    with pytest.raises(HfaiError, match="cannot be loaded"):
        ArraysCodec().read(path)
    np.savez(path, **{"0": np.array([print], dtype=object)}, allow_pickle=True)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("tree.json", '["array", "0.npy"]')
    with pytest.raises(HfaiError, match="allow_pickle"):
        ArraysCodec().read(path)
