"""The examples in docstrings are right."""

from __future__ import annotations

import doctest
import importlib

import pytest

MODULES = ["_experiment", "_create", "priorities", "runtime._state", "runtime._warn"]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name) -> None:
    failed, tried = doctest.testmod(importlib.import_module(f"hfai.client.{name}"))
    assert failed == 0
    assert tried > 0
