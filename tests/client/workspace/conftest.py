"""A real engine, and two directories that are the same workspace."""

from __future__ import annotations

from pathlib import Path
from typing import Iterator

import pytest

import hfai.client
from hfai.client import _session
from hfai.testing import EngineSandbox


@pytest.fixture(scope="module")
def sandbox() -> Iterator[EngineSandbox]:
    with EngineSandbox({"nodes": 2, "stop_grace_s": 1}) as sandbox:
        yield sandbox


@pytest.fixture(autouse=True)
def use_sandbox(sandbox: EngineSandbox, own_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("HFAI_HOME", str(sandbox.home))
    monkeypatch.setenv("HFAI_ENGINE_DIR", str(sandbox.state_dir))
    yield
    _session.current().close()


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """A name that no other test of the module uses."""
    return "".join(sign if sign.isalnum() else "_" for sign in request.node.name)[:60]


@pytest.fixture
def here(tmp_path: Path, name: str) -> Path:
    """A directory that is a workspace, empty."""
    root = tmp_path / "here"
    root.mkdir()
    hfai.client.init_workspace(name, root)
    return root


@pytest.fixture
def other(tmp_path: Path, name: str, here: Path) -> Path:
    """Another directory, as on another machine, that is the same workspace."""
    root = tmp_path / "other"
    root.mkdir()
    hfai.client.init_workspace(name, root)
    return root
