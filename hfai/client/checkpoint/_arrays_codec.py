"""States of plain values and NumPy arrays, without pickle: JSON and ``.npy`` in one zip file.

What is loaded is exactly what was saved: the types of keys, tuples, big integers, infinities, and the dtype and layout
of arrays. Nothing in such a file can run code. Other programs read it too: ``unzip``, or ``numpy.load`` for the arrays.
"""

from __future__ import annotations

import base64
import importlib
import json
import sys
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any

from hfai.model.errors import HfaiError, UsageError

_TREE = "tree.json"


class ArraysCodec:
    """Saves nested dicts, lists, tuples, sets, strings, bytes, numbers, None and NumPy arrays; NumPy only if there are any.

    Example:
        >>> codec = ArraysCodec()
        >>> codec.write({"step": 3, ("a", 1): [0.5, None]}, path)  # doctest: +SKIP
        >>> codec.read(path)  # doctest: +SKIP
        {'step': 3, ('a', 1): [0.5, None]}
    """

    suffix = ".npz"

    def write(self, state: Any, path: Path) -> None:
        """Raises UsageError for anything else in the state, with its place: ``state['model'][0]``."""
        # Stored, not deflated: weights hardly shrink, and the grace window is short.
        with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
            tree = _Encoder(archive).encode(state, "state")
            archive.writestr(_TREE, json.dumps(tree))

    def read(self, path: Path) -> Any:
        """Raises HfaiError for a file that is not of this form."""
        try:
            with zipfile.ZipFile(path) as archive:
                return _decode(json.loads(archive.read(_TREE)), archive)
        except (zipfile.BadZipFile, KeyError, ValueError, TypeError) as error:
            raise HfaiError("{path} cannot be loaded: {reason}", path=path, reason=error) from error


class _Encoder:
    """Plain JSON stands for itself; everything else is a list ``[kind, content]``."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._arrays = 0

    def encode(self, value: Any, place: str) -> Any:
        # Exact types: a subclass (an IntEnum, a named tuple) would come back as something else.
        kind = type(value)
        if value is None or kind in (bool, int, float, str):
            return value
        if kind is bytes:
            return ["bytes", base64.b64encode(value).decode()]
        if kind is complex:
            return ["complex", [value.real, value.imag]]
        if kind in (list, tuple):
            return [kind.__name__, [self.encode(one, f"{place}[{index}]") for index, one in enumerate(value)]]
        if kind in (set, frozenset):
            return [kind.__name__, [self.encode(one, f"{place}{{{one!r}}}") for one in value]]
        if kind in (dict, OrderedDict):
            pairs = [[self.encode(key, f"key {key!r} of {place}"), self.encode(one, f"{place}[{key!r}]")] for key, one in value.items()]
            return [kind.__name__, pairs]
        numpy: Any = sys.modules.get("numpy")
        if numpy is not None and (kind is numpy.ndarray or isinstance(value, numpy.generic)):
            return self._encode_array(value, numpy, place)
        raise UsageError(
            "{place} is a {kind}, which is saved neither as plain values nor as an array: save what it is made of, "
            "or pass Checkpoints a codec that knows it",
            place=place,
            kind=f"{kind.__module__}.{kind.__qualname__}",
        )

    def _encode_array(self, value: Any, numpy: Any, place: str) -> Any:
        if value.dtype.hasobject:
            raise UsageError("{place} is an array of Python objects: save it as a list, or with a dtype", place=place)
        name = f"{self._arrays}.npy"
        self._arrays += 1
        with self._archive.open(name, "w", force_zip64=True) as stream:
            numpy.lib.format.write_array(stream, numpy.asanyarray(value), allow_pickle=False)
        return ["array" if type(value) is numpy.ndarray else "number", name]


def _decode(value: Any, archive: zipfile.ZipFile) -> Any:
    if not isinstance(value, list):
        return value
    kind, content = value
    if kind == "bytes":
        return base64.b64decode(content)
    if kind == "complex":
        return complex(*content)
    if kind in ("array", "number"):
        numpy: Any = importlib.import_module("numpy")
        with archive.open(content) as stream:
            array = numpy.lib.format.read_array(stream, allow_pickle=False)
        return array if kind == "array" else array[()]
    if kind in _MAPPINGS:
        return _MAPPINGS[kind]((_decode(key, archive), _decode(one, archive)) for key, one in content)
    return _SEQUENCES[kind](_decode(one, archive) for one in content)


_MAPPINGS: dict[str, Any] = {"dict": dict, "OrderedDict": OrderedDict}
_SEQUENCES: dict[str, Any] = {"list": list, "tuple": tuple, "set": set, "frozenset": frozenset}
