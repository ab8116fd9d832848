"""Requests about one workspace, from several threads, with the limits and the proxy that were asked for."""

from __future__ import annotations

import contextlib
import itertools
import os
import threading
import time
from typing import Any, Callable, Iterable, Iterator, Optional, TypeVar

from hfai.client import _session
from hfai.client._session import Session
from hfai.model.errors import StreamLost, UsageError, WaitTimeout

_T = TypeVar("_T")
LIST_TIMEOUT_S = 300.0
# Of one request of many.
_REQUEST_TIMEOUT_S = 120.0
# More do not make a disk faster; a network with a long way has some use of them.
_THREADS = 3
_PROXIES = ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY")
_NO_PROXIES = ("no_proxy", "NO_PROXY")


class Interrupted(Exception):
    """Another thread has failed: its error is the one that counts."""


Progress = Callable[[int, int], None]


class Connection:
    """See the module.

    Args:
        name: of the workspace.
        list_timeout_s: seconds that a request may take which compares or lists.
        sync_timeout_s: seconds for all contents together; None: as long as it takes.
        proxy: ``http://HOST:PORT``, instead of what the environment says; not used for an engine on this machine.

    Raises:
        UsageError: the proxy is none.
    """

    def __init__(
        self,
        name: str,
        list_timeout_s: Optional[float] = None,
        sync_timeout_s: Optional[float] = None,
        proxy: Optional[str] = None,
    ) -> None:
        self.name = name
        self._list_timeout_s = list_timeout_s or LIST_TIMEOUT_S
        self._deadline = None if sync_timeout_s is None else time.monotonic() + sync_timeout_s
        self._sync_timeout_s = sync_timeout_s
        self._proxy = None if proxy is None else _ensure_proxy(proxy)
        self._stop = threading.Event()

    @property
    def is_embedded(self) -> bool:
        """Whether the other side is this machine, and runs as this user."""
        return _session.current().is_embedded

    def ask(self, route: str, body: Any = None, **query: Any) -> dict[str, Any]:
        """A request that compares or lists."""
        with self.through_proxy():
            return self._session.post(
                route, {"name": self.name, **query}, body, subject=self.name, timeout_s=self._list_timeout_s
            )

    def send(self, route: str, body: Any, **query: Any) -> dict[str, Any]:
        """A request of many that carries contents; harmless to send twice.

        Raises:
            WaitTimeout: the time for all of them is over.
        """
        return self._session.post(route, {"name": self.name, **query}, body, subject=self.name, timeout_s=self.left_s())

    def blocks(self, route: str, body: Any) -> Iterator[bytes]:
        """An answer as it comes.

        Raises:
            StreamLost: it broke off.
        """
        from hfai.client._transport import TransportError

        stream = self._session.stream(route, {"name": self.name}, body, subject=self.name)
        try:
            while True:
                self.left_s()
                try:
                    block = stream.read()
                except TransportError as error:
                    raise self.lost(error.reason) from None
                if not block:
                    return
                yield block
        finally:
            stream.close()

    def lost(self, reason: str) -> StreamLost:
        """The error for an answer that broke off."""
        template = "the contents of workspace {name} broke off ({reason}): what has arrived is kept, the next pull goes on from there"
        return StreamLost(template, name=self.name, reason=reason)

    def left_s(self) -> float:
        """Seconds that a request may take now.

        Raises:
            WaitTimeout: none are left.
            Interrupted: another thread has failed.
        """
        if self._stop.is_set():
            raise Interrupted
        if self._deadline is None:
            return _REQUEST_TIMEOUT_S
        left = self._deadline - time.monotonic()
        if left <= 0:
            template = "workspace {name}: not done within {timeout_s} s; what has arrived is kept, the next time goes on from there"
            raise WaitTimeout(template, name=self.name, timeout_s=self._sync_timeout_s)
        return min(left, _REQUEST_TIMEOUT_S)

    def each(self, work: Callable[[_T], None], items: Iterable[_T]) -> None:
        """Do something with each of them, several at once; the first error ends it all, Ctrl-C at once."""
        jobs = iter(items)
        first = [*itertools.islice(jobs, 2)]
        if len(first) < 2:
            with self.through_proxy():
                for item in first:
                    work(item)
            return
        from hfai.client._workspace.threads import Threads  # most pushes are small

        with self.through_proxy(), Threads(_THREADS) as threads:
            waiting = [threads.submit(work, item) for item in itertools.chain(first, jobs)]
            try:
                for one in waiting:
                    one.result()
            except BaseException:
                self._stop.set()
                for one in waiting:
                    one.cancel()
                raise

    @property
    def _session(self) -> Session:
        return _session.current()

    @contextlib.contextmanager
    def through_proxy(self) -> Iterator[None]:
        """requests looks at the environment for each request; an engine on this machine is not asked through it."""
        before = {name: os.environ.get(name) for name in (*_PROXIES, *_NO_PROXIES)}
        if self._proxy is not None:
            os.environ.update(dict.fromkeys(_PROXIES, self._proxy))
            os.environ.update(dict.fromkeys(_NO_PROXIES, ""))
        try:
            yield
        finally:
            if self._proxy is not None:
                for name, value in before.items():
                    if value is None:
                        os.environ.pop(name, None)
                    else:
                        os.environ[name] = value


def _ensure_proxy(text: str) -> str:
    from urllib.parse import urlsplit

    url = text if "://" in text else f"http://{text}"
    try:
        parts = urlsplit(url)
        is_proxy = parts.scheme in ("http", "https") and bool(parts.hostname and parts.port) and parts.path in ("", "/")
    except ValueError:  # of the port
        is_proxy = False
    if not is_proxy or any(sign.isspace() for sign in text):
        raise UsageError("{value} is no proxy: it must be http://HOST:PORT", value=repr(text))
    return url
