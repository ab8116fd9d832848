"""A daemon that kills itself right before its n-th step: a call of a function that leaves a trace outside of the process, such as
a statement of the database, a file, a packet to the launcher, a descriptor.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import FrameType
from typing import Any

from hfai.engine.engine import Engine
from hfai.engine.queries import User

STEPS = {
    "execute",
    "open",
    "mkdir",
    "rename",
    "replace",
    "send",
    "sendto",
    "recv",
    "recvmsg",
    "pidfd_open",
    "fork_exec",
    "close",
}


class Countdown:
    """Lets this process live for so many steps less one."""

    def __init__(self, steps: int) -> None:
        self._steps = self._left = steps

    def begin(self) -> None:
        """Count from here on."""
        sys.setprofile(self._count)

    def _count(self, frame: FrameType, event: str, function: Any) -> None:
        if event == "c_call" and getattr(function, "__name__", "") in STEPS:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    def end(self) -> int:
        """Count no more; how many steps there were."""
        sys.setprofile(None)
        return self._steps - self._left


def owner_of(engine: Engine) -> User:
    user = engine.admission.user_of((engine.config.state_dir / "token").read_text().strip())
    assert user is not None
    return user


async def live(engine: Engine, countdown: Countdown) -> None:
    """Wait until nothing is left to do, and say on stderr how many steps that took."""
    while engine.queue_counts():
        await asyncio.sleep(0.01)
    os.write(2, str(countdown.end()).encode())
    await engine.close()


def run_victim(program: str, *arguments: object) -> str:
    """Run a program that either dies of its countdown or lives to its end; what it wrote to stdout."""
    done = subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)],
        cwd=Path(__file__).parents[3],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL or done.stderr.isdigit(), done.stderr
    return done.stdout
