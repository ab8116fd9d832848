"""What is measured on a node, each for real."""

from __future__ import annotations

import socket
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from hfai.engine.validation import compute as compute_module
from hfai.engine.validation.bandwidth import bandwidth
from hfai.engine.validation.clock import clock
from hfai.engine.validation.compute import compute
from hfai.engine.validation.disk_speed import write_speed
from hfai.engine.validation.options import Options, OwnCheck, ValidationLimits
from hfai.engine.validation.own import own
from hfai.engine.validation.suspend import suspend

WORKING = 1 << 60


def test_write_speed(tmp_path: Path) -> None:
    """A real number, and nothing left behind."""
    check = write_speed("log_write", str(tmp_path), 1000)
    assert check.status == "passed"
    assert check.value and check.value > 1000
    assert write_speed("log_write", str(tmp_path), WORKING).status == "failed"
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    check = write_speed("workspace_write", str(tmp_path / "gone"), 1)
    assert check.has_failed
    assert "gone cannot be written" in check.text


def test_bandwidth() -> None:
    check = bandwidth(1000)
    assert check.status == "passed"
    assert check.value and check.value > 1 << 20
    assert bandwidth(WORKING).has_failed


@pytest.mark.parametrize("has_numpy", [True, False])
def test_compute(monkeypatch: pytest.MonkeyPatch, has_numpy: bool) -> None:
    """Compared with the speed of the same method only; right, and quick, either way."""
    if has_numpy:
        pytest.importorskip("numpy")
    else:
        monkeypatch.setitem(sys.modules, "numpy", None)
    first = compute({"another": 1e18}, 0.4)
    method = first.output
    assert method.startswith("numpy" if has_numpy else "python")
    assert (first.status, first.limit, first.text) == ("passed", None, f"nothing to compare with yet ({method})")
    assert first.value
    same = compute({method: first.value}, 0.01)
    assert same.status == "passed"
    assert "% of what this node has done before" in same.text
    slow = compute({method: first.value * 1000}, 0.4)
    assert slow.has_failed
    assert slow.limit == pytest.approx(first.value * 400)


def test_a_wrong_product_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """One wrong number of more than two thousand."""
    monkeypatch.setattr(compute_module, "_with_numpy", lambda: None)
    method, size, product, is_right = compute_module._plain()

    def broken() -> Any:
        result = product()
        result[7][11] += 1
        return result

    monkeypatch.setattr(compute_module, "_plain", lambda: (method, size, broken, is_right))
    check = compute({}, 0.4)
    assert check.has_failed
    assert "came out wrong" in check.text


def test_suspend() -> None:
    """A real supervisor and a real task; nothing of them is left."""
    check = suspend(10.0)
    assert check.status == "passed", check.text
    assert check.value is not None and check.value < 10


def test_a_suspend_that_comes_too_late() -> None:
    assert suspend(0.0).has_failed


def test_clock_without_an_engine() -> None:
    """Nobody there says nothing of the node."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert clock(f"http://127.0.0.1:{port}", 1).status == "skipped"


def test_clock(engine_sandbox: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Against a real engine, and then with a clock that is an hour off."""
    check = clock(engine_sandbox.url, 5.0)
    assert check.status == "passed", check.text
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + 3600)
    late = clock(engine_sandbox.url, 5.0)
    assert late.has_failed
    assert late.value == pytest.approx(3600, abs=30)


@pytest.mark.parametrize(
    ("name", "text", "status", "said", "output"),
    [
        ("a.sh", "echo $0 | sed 's,.*/,,'; [[ 1 ]]", "passed", "a.sh exited with code 0", "a.sh\n"),
        (
            "a.py",
            "import sys\nprint('x', flush=True)\nsys.exit('bad')",
            "failed",
            "a.py exited with code 1",
            "x\nbad\n",
        ),
        ("a", "#!/usr/bin/env python3\nprint('py')", "passed", "a exited with code 0", "py\n"),
        ("no suffix", "echo here in; cat; pwd", "passed", "no suffix exited with code 0", "here in\n{cwd}\n"),
        ("../../b.sh", "kill -9 $$", "failed", "../../b.sh was killed by signal 9", ""),
        ("a", "#!/no/such/program\n", "failed", "a cannot be run: ", None),
    ],
)
def test_own(tmp_path: Path, name: str, text: str, status: str, said: str, output: Any) -> None:
    """In the workspace, with an empty input; the exit code counts."""
    check = own(OwnCheck(name, text), str(tmp_path), 20)
    assert (check.status, check.text[: len(said)]) == (status, said)
    if output is not None:
        assert check.output == output.format(cwd=tmp_path)


def test_own_that_takes_too_long(tmp_path: Path) -> None:
    """It is killed with what it has started; what it printed is kept."""
    script = f"echo begun; sleep 300 & echo $! > {tmp_path}/child; wait"
    check = own(OwnCheck("slow.sh", script), str(tmp_path), 0.5)
    assert (check.status, check.output) == ("failed", "begun\n")
    assert check.text == "slow.sh was not done after 0.5 s"
    child = int((tmp_path / "child").read_text())
    deadline = time.monotonic() + 10
    while Path(f"/proc/{child}/stat").exists() and "Z" not in Path(f"/proc/{child}/stat").read_text().split():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_own_that_prints_a_lot(tmp_path: Path) -> None:
    check = own(OwnCheck("a.sh", "seq 100000"), str(tmp_path), 20)
    assert len(check.output) == 16 << 10
    assert check.output.endswith("100000\n")


def test_options_travel_as_text() -> None:
    options = Options(
        "n",
        "/w",
        "/l",
        "http://x",
        "/lock",
        ValidationLimits(clock_s=1),
        {"memory_bytes": 3},
        {"m": 1.5},
        True,
        OwnCheck("a", "b"),
    )
    assert Options.from_text(options.to_text()) == options
