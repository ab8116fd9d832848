"""A deputy's process, with the words ACCOUNT PLACE LOCK: started by an engine of root, and nobody but the account after a moment.

On standard input it gets streams, one per request (``SCM_RIGHTS``), and ends when the engine lets go of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import email.message  # importlib.metadata of Python 3.9 loads these two when it is first used: too late here
import email.parser  # noqa: F401
import fcntl
import os
import signal
import socket
import sys
from pathlib import Path

from hfai.engine import unix_accounts
from hfai.engine.deputy.place import ENVIRONMENTS
from hfai.engine.deputy.work import Work
from hfai.engine.executors.environment import bare_environ
from hfai.engine.supervise import prctl
from hfai.engine.unix_accounts import UnixAccount


def main() -> int:
    name, place, lock = sys.argv[1:]
    account = unix_accounts.find(name)
    if account is None:
        return 1
    # One that a killed engine has left may still be at work: it ends with its last step.
    fd = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    fcntl.flock(fd, fcntl.LOCK_EX)
    control = socket.socket(fileno=os.dup(0))
    with contextlib.suppress(OSError):  # where memory runs out it goes before the engine, which starts another
        Path("/proc/self/oom_score_adj").write_text("1000")
    engine = os.getppid()
    become(account, Path(place))
    prctl.die_with_parent(signal.SIGKILL)  # also while its account has stopped it; a change of the account takes this back
    if os.getppid() != engine:
        return 1
    asyncio.run(serve(control, Work(Path(place))))
    return 0


def become(account: UnixAccount, place: Path) -> None:
    """Be that account, with nothing of the engine's left: neither rights, nor streams, nor variables, nor modules to load.

    Raises:
        OSError: that cannot be.
    """
    null = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null, fd)
    os.close(null)
    os.umask(0o077)
    os.environ.clear()
    os.environ.update(bare_environ(account.uid), HFAI_ENVS_DIR=str(place / ENVIRONMENTS))
    os.setgroups(account.groups)
    os.setresgid(account.gid, account.gid, account.gid)
    os.setresuid(account.uid, account.uid, account.uid)
    # What is loaded later would be what the account may not read, or may have written.
    sys.path.clear()


async def serve(control: socket.socket, work: Work) -> None:
    """Do what is asked until the engine is gone. Ends the process: a thread that is still at work is not waited for."""
    loop = asyncio.get_running_loop()
    tasks: set[asyncio.Task[None]] = set()

    def take() -> None:
        message, fds, _, _ = socket.recv_fds(control, 1, 1)
        if not message:
            os._exit(0)
        for fd in fds:
            task = loop.create_task(work.serve(socket.socket(fileno=fd)))
            tasks.add(task)
            task.add_done_callback(tasks.discard)

    loop.add_reader(control.fileno(), take)
    await loop.create_future()

