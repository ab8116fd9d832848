"""An engine of root with two users, each with an account of their own, who push from directories of theirs over HTTP."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Iterator

import pytest

from hfai.engine import unix_accounts
from hfai.engine.unix_accounts import UnixAccount
from hfai.testing import EngineSandbox
from hfai.testing.sandbox_user import SandboxUser
from tests.cli.conftest import Cli
from tests.engine.test_unix_accounts import can_switch

# Every machine has them, and nobody works under them.
BOBS, EVES = "nobody", "games"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    mark = pytest.mark.skipif(not can_switch(), reason="nothing can be started under another account here")
    for item in items:
        if here in item.path.parents:
            item.add_marker(mark)


class Someone:
    """A user with an account of their own, at the command line of a machine that knows nothing of it."""

    def __init__(self, sandbox: EngineSandbox, place: Path, name: str, account: str) -> None:
        answer = sandbox.post("operating/platform/user/add", user_name=name, unix_name=account)
        assert answer["success"] == 1, answer
        self.user = SandboxUser(name, answer["result"]["token"]["access_token"], sandbox)
        found = unix_accounts.find(account)
        assert found is not None
        self.account: UnixAccount = found
        self.work = self.user.home / "work"
        self.work.mkdir()
        shell = {"PATH": f"{os.environ['PATH']}:/usr/bin:/bin", "SHELL": "/bin/bash"}
        self.hai = Cli({**self.user.env, **shell, "HOME": str(self.user.home)}, self.work)
        self.place = place / "tasks" / sandbox.post("query/engine/info")["result"]["engine_id"] / "accounts" / account

    def push(self, **files: str) -> Path:
        """Push these files; where tasks find them."""
        for name, text in files.items():
            path = self.work / name.replace("__", "/").replace("_sh", ".sh")
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        if not (self.work / ".hfai").exists():
            assert self.hai("workspace", "init", "w").status == 0
        done = self.hai("workspace", "push")
        assert done.status == 0, done
        return Path(self.user.post("query/workspace", name="w")["result"]["path"])

    def run(self, script: str) -> str:
        """What a shell under their account says."""
        done = subprocess.run(
            ["/bin/sh", "-c", script],
            user=self.account.uid,
            group=self.account.gid,
            extra_groups=list(self.account.groups),
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stdout + done.stderr

    def deputies(self) -> list[int]:
        """The processes that do the engine's work under their account."""
        found = []
        for path in Path("/proc").glob("[0-9]*"):
            try:
                words = (path / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if os.fsencode(self.place) in words:
                found.append(int(path.name))
        return found


@pytest.fixture
def place() -> Iterator[Path]:
    """A directory that accounts can enter; those of pytest are closed."""
    path = Path(tempfile.mkdtemp(prefix="hfai-deputy-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def sandbox(place: Path) -> Iterator[EngineSandbox]:
    with EngineSandbox({"nodes": 2, "stop_grace_s": 1, "task_dir": str(place / "tasks")}) as sandbox:
        yield sandbox


@pytest.fixture
def bob(sandbox: EngineSandbox, place: Path) -> Someone:
    return Someone(sandbox, place, "bob", BOBS)


@pytest.fixture
def eve(sandbox: EngineSandbox, place: Path) -> Someone:
    return Someone(sandbox, place, "eve", EVES)
