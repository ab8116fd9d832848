"""Waiting for something to be so, with a deadline."""

from __future__ import annotations

import json
import time
from typing import Any, Callable

from tests.cli.conftest import DEADLINE_S, Cli


def until(condition: Callable[[], Any]) -> Any:
    """The first result that counts as true."""
    deadline = time.monotonic() + DEADLINE_S
    while not (result := condition()):
        assert time.monotonic() < deadline, f"not so within {DEADLINE_S} s: {condition}"
        time.sleep(0.02)
    return result


def task(hai: Cli, experiment: object) -> dict[str, Any]:
    """A task as ``status --json`` prints it."""
    done = hai("status", experiment, "--json")
    assert done.status == 0, done.err
    body: dict[str, Any] = json.loads(done.out)
    return body


def until_status(hai: Cli, experiment: object, status: str) -> dict[str, Any]:
    """The task once it has this chain status."""
    found: dict[str, Any] = until(lambda: (now := task(hai, experiment))["chain_status"] == status and now)
    return found
