"""Where the daemon listens: the port, and ``endpoint.json``, by which clients find it."""

from __future__ import annotations

import contextlib
import errno
import json
import socket
import urllib.parse
from pathlib import Path
from typing import Any, Mapping, Optional

from hfai.engine.config import EngineConfig
from hfai.engine.system import write_atomic
from hfai.model.errors import EngineStartError
from hfai.model.phrase import Phrase, system_error

FILE_NAME = "endpoint.json"
LAST_NAME = "endpoint.last"


def bind(host: str, port: Optional[int], *, last: Optional[int] = None) -> socket.socket:
    """A socket bound to an address of this machine; it does not listen yet.

    Args:
        host: the address.
        port: the port that the administrator wants; None: ``last`` if it is free, otherwise any.
        last: the port of the daemon before this one, so that tasks which know its address still reach it.

    Raises:
        EngineStartError: the wanted port is taken or not allowed.
    """
    for wanted in [port] if port else [last, 0]:
        if wanted is None:
            continue
        bound = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
        try:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.bind((host, wanted))
            # With SO_REUSEADDR two sockets may bind as long as none listens: only listening tells that it is taken.
            bound.listen()
            return bound
        except (OSError, OverflowError) as error:
            bound.close()
            if port or wanted == 0:
                raise EngineStartError(reason=_reason(host, wanted, error)) from error
    raise AssertionError("port 0 was not tried")


def listeners(config: EngineConfig) -> list[socket.socket]:
    """The sockets to answer on; clients on this machine reach the first one by its loopback address.

    Raises:
        EngineStartError: the port is taken or not allowed, or the address is none of this machine's.
    """
    listen = config.listen
    if listen is None:
        return [bind("127.0.0.1", config.port, last=last_port(config.state_dir))]
    if listen.reaches_loopback:
        return [bind(listen.host, listen.port)]
    own = bind("127.0.0.1", listen.port)
    try:
        return [own, bind(listen.host, listen.port)]
    except EngineStartError:
        own.close()
        raise


def last_port(state_dir: Path) -> Optional[int]:
    """The port of the daemon before this one, however it ended: tasks that go on know its address."""
    for name in (FILE_NAME, LAST_NAME):
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
            url = str(json.loads((state_dir / name).read_text())["url"])
            return urllib.parse.urlsplit(url).port
    return None


def write(state_dir: Path, endpoint: Mapping[str, Any]) -> None:
    """Tell clients where the daemon is; they see the whole file or the one before."""
    write_atomic(state_dir / FILE_NAME, json.dumps(endpoint).encode() + b"\n")


def remove(state_dir: Path) -> None:
    """Tell clients that no daemon is there any more; the next one still finds the port."""
    with contextlib.suppress(OSError):
        (state_dir / FILE_NAME).rename(state_dir / LAST_NAME)


def _reason(host: str, port: int, error: Exception) -> Phrase:
    if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        return Phrase(
            "port {port} of {host} is taken: set another `port` in engine.yaml, or none for any free one", port=port, host=host
        )
    reason = system_error(error) if isinstance(error, OSError) else Phrase(str(error))
    return Phrase("port {port} of {host} cannot be used ({reason})", port=port, host=host, reason=reason)
