"""What every test needs: no state of the person who runs it, and Hypothesis without a stopwatch."""

from __future__ import annotations

from pathlib import Path
from typing import Iterator

import pytest
from hypothesis import HealthCheck, settings

from hfai.testing import EngineSandbox

# On a busy machine an example takes as long as it takes.
settings.register_profile("hfai", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("hfai")


@pytest.fixture(autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of hfai's own for each test, and none of the variables that would lead it elsewhere."""
    home = tmp_path_factory.mktemp("hfai-home")
    monkeypatch.setenv("HFAI_HOME", str(home))
    monkeypatch.setenv("HAI_LANG", "en")
    for name in ("HFAI_ENGINE_DIR", "HFAI_CLIENT_CONFIG", "HFAI_TRACEBACK", "HFAI_SIMULATE", "SIMULATE_SUSPEND"):
        monkeypatch.delenv(name, raising=False)
    for name in ("MARSV2_SERVER", "MARSV2_USER_TOKEN", "MARSV2_NB_NAME", "HFAI_RUN", "HFAI_CONTROL"):
        monkeypatch.delenv(name, raising=False)
    return home


@pytest.fixture
def engine_sandbox() -> Iterator[EngineSandbox]:
    """A running engine of the test's own, with two nodes; afterwards nothing of it is left."""
    with EngineSandbox({"nodes": 2, "stop_grace_s": 1}) as sandbox:
        yield sandbox
