"""The life of the daemon: one engine, one HTTP port, from the lock on its state directory to its clean end.

Its end is never the end of the tasks unless that is asked for: supervisors do not depend on it.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import functools
import gc
import logging
import os
import resource
import signal
import socket
import time
from pathlib import Path
from typing import Iterator, Optional, Sequence

from hfai import PROTOCOL, __version__
from hfai.engine import endpoint
from hfai.engine.announcement import Announcement
from hfai.engine.config import EngineConfig
from hfai.engine.daemon_log import start_logging
from hfai.engine.engine import Engine
from hfai.engine.engine_lock import EngineLock
from hfai.engine.http.app import build_app
from hfai.engine.http.server import HttpServer
from hfai.engine.http.serving import Serving
from hfai.engine.system import is_full
from hfai.model.errors import EngineStartError, HfaiError, StorageFull
from hfai.model.phrase import Phrase, system_error

# Enough for thousands of followers and supervisors; also what HAI Platform gives its tasks.
_OPEN_FILES = 204800
_LOOK_AT_LOCK_S = 1.0

_log = logging.getLogger("hfai.engine")


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Run the daemon until it is told to end.

    Args:
        argv: the command line; see ``python -m hfai.engine --help``.

    Returns:
        0 after a clean end, otherwise the exit status of the error that kept it from starting. That error is one line
        on standard error and, with ``--ready-fd``, one line of JSON there; a traceback only in ``engine.log``.
    """
    arguments = _parser().parse_args(argv)
    state_dir = Path(arguments.state or default_state_dir()).absolute()
    announcement = Announcement(arguments.ready_fd)
    # Until engine.log is open, a record must not become a traceback on the screen.
    logging.getLogger().addHandler(logging.NullHandler())
    try:
        _run(state_dir, announcement)
    except Exception as error:
        shown = start_error(error, state_dir)
        if shown is not error:
            _log.error("an error that was not foreseen", exc_info=error)
        announcement.failed(shown)
        return shown.exit_status
    return 0


def default_state_dir() -> Path:
    """The state directory that the environment names: ``HFAI_ENGINE_DIR``, or ``engine`` in ``HFAI_HOME``."""
    home = Path(os.environ.get("HFAI_HOME") or "~/.hai").expanduser()
    return Path(os.environ.get("HFAI_ENGINE_DIR") or home / "engine")


def start_error(error: Exception, state_dir: Path) -> HfaiError:
    """The one line for whatever kept the daemon from starting."""
    if isinstance(error, HfaiError):
        return error
    if is_full(error):
        return StorageFull(path=str(state_dir))
    if isinstance(error, OSError) and error.strerror:
        return EngineStartError(reason=system_error(error))
    what = f"{type(error).__name__}: {error}"
    return EngineStartError(reason=Phrase("{what}; see {path}", what=what, path=str(state_dir / "engine.log")))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m hfai.engine", description=__doc__, allow_abbrev=False)
    parser.add_argument("--state", metavar="DIR", help="state directory (default: $HFAI_ENGINE_DIR, ~/.hai/engine)")
    parser.add_argument("--ready-fd", metavar="N", type=int, help="where to say in one line of JSON how the start went")
    return parser


def _run(state_dir: Path, announcement: Announcement) -> None:
    # No umask: tasks inherit it. Everything in here is made with its mode, in a directory that is closed to others.
    state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    state_dir.chmod(0o700)
    lock = EngineLock(state_dir / "engine.lock")
    try:
        start_logging(state_dir / "engine.log", takes_over=announcement.is_wanted)
        config = EngineConfig.load(state_dir)
        _raise_open_files()
        with _event_loop() as loop:
            loop.run_until_complete(_serve(config, announcement, lock))
    finally:
        lock.release()


async def _serve(config: EngineConfig, announcement: Announcement, lock: EngineLock) -> None:
    asked = _Asked()
    engine = Engine(config)
    with contextlib.ExitStack() as listening:
        listeners = [listening.enter_context(one) for one in endpoint.listeners(config)]
        url = f"http://127.0.0.1:{listeners[0].getsockname()[1]}"
        await engine.start(url=url)
        try:
            serving = Serving(engine, functools.partial(asked.shut_down, "a client"), url=url, started_at=time.time())
            watching = asyncio.ensure_future(_end_with_its_directory(lock))
            try:
                await _answer(serving, listeners, asked, announcement)
            finally:
                watching.cancel()
        finally:
            await engine.close(stop_tasks=asked.stop_tasks)
    _log.info("ended")


async def _answer(serving: Serving, listeners: list[socket.socket], asked: _Asked, announcement: Announcement) -> None:
    """Answer requests until the daemon is asked to end."""
    state_dir = serving.engine.config.state_dir
    server = HttpServer(build_app(serving))
    answering = asyncio.ensure_future(server.serve(listeners))
    try:
        await server.ready.wait()
        told = {
            "url": serving.url,
            "pid": os.getpid(),
            "version": __version__,
            "protocol": PROTOCOL,
            "engine_id": serving.engine.engine_id,
            "started_at": serving.started_at,
        }
        endpoint.write(state_dir, told)
        # What has been loaded stays: the collector need not walk through it, nor unshare its pages.
        gc.collect()
        gc.freeze()
        announcement.ready(told)
        _log.info("hfai %s serves %s, state in %s", __version__, serving.url, state_dir)
        waiting = asyncio.ensure_future(asked.event.wait())
        await asyncio.wait({answering, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
    finally:
        endpoint.remove(state_dir)
        serving.closing.set()
        server.stop()
        await answering


async def _end_with_its_directory(lock: EngineLock) -> None:
    """End when the state directory was removed or put elsewhere: no client finds this daemon any more, and it would start runs again
    and again whose files it cannot write.

    As if it were killed: what it would tidy up may be another daemon's by now.
    """
    missed = 0
    while missed < 2:  # a look may fall between two steps of somebody who puts it back
        await asyncio.sleep(_LOOK_AT_LOCK_S)
        missed = 0 if lock.is_in_place() else missed + 1
    _log.error("the state directory is no longer where it was: ended, its tasks go on")
    os._exit(1)


class _Asked:
    """Whether somebody has asked the daemon to end, and how."""

    def __init__(self) -> None:
        self.event = asyncio.Event()
        self.stop_tasks = False
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.shut_down, number.name, False)
        # Not SIG_IGN, which tasks would inherit: the daemon outlives the terminal it was started from.
        loop.add_signal_handler(signal.SIGHUP, lambda: None)

    def shut_down(self, by: str, stop_tasks: bool) -> None:
        _log.info("asked to end by %s%s", by, ", tasks too" if stop_tasks else "; tasks go on")
        self.stop_tasks = self.stop_tasks or stop_tasks
        self.event.set()


@contextlib.contextmanager
def _event_loop() -> Iterator[asyncio.AbstractEventLoop]:
    """uvloop's event loop where it is installed, closed with everything that still runs in it."""
    loop: asyncio.AbstractEventLoop
    try:
        import uvloop
    except ImportError:
        loop = asyncio.new_event_loop()
    else:
        loop = uvloop.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        yield loop
    finally:
        left = asyncio.all_tasks(loop)
        for task in left:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        loop.run_until_complete(loop.shutdown_default_executor())
        asyncio.set_event_loop(None)
        loop.close()


def _raise_open_files() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, _OPEN_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
