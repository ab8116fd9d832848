"""One thread's connection to the platform that is configured: where it is, who asks, and asking again.

Every call of the SDK goes through :meth:`Session.post` or :meth:`Session.stream`. They find or start the embedded
engine, keep its connection, and take it up again when the daemon was restarted. Which kind of server answers is known
here and in the few modules that must ask it differently.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
from typing import Any, Callable, Mapping, NamedTuple, Optional, Sequence, TypeVar, Union
from urllib.parse import quote

from hfai import PROTOCOL, __version__
from hfai.client import _hooks
from hfai.client._answers import body_of
from hfai.client._config import LOCAL, Settings, load_settings
from hfai.client._endpoint import Endpoint, read_endpoint, read_token
from hfai.client._engine import find_engine, find_or_start_engine
from hfai.client._places import engine_dir
from hfai.client._transport import Answer, ByteStream, Transport, TransportError, open_transport
from hfai.model.errors import HfaiError, NotAuthorised, ProtocolMismatch, UnreachableError
from hfai.model.phrase import Phrase

TIMEOUT_S = 30.0
_ATTEMPTS = 3
# An engine that was killed breaks off and refuses connections for some milliseconds before it is gone, and the next may be killed too.
_ATTEMPTS_HERE = 10
_JSON, _BYTES = "application/json", "application/octet-stream"
# A stream says something every 5 seconds (docs/architecture.md, HTTP).
STREAM_TIMEOUT_S = 20.0
# An engine that has not even said that it runs after so long does not answer.
_SILENT_S = 1.0

_T = TypeVar("_T")
Value = Union[str, int, float, bool, None, Sequence[str]]
Query = Mapping[str, Value]


class _Target(NamedTuple):
    """Where requests go at the moment."""

    transport: Transport
    url: str
    kind: str
    token: Optional[str]
    endpoint: Optional[Endpoint] = None


class Session:
    """See the module; for one thread.

    Args:
        settings: which server.
        may_start: whether the embedded engine is started where it does not run.
        any_protocol: whether an engine of another protocol version will do, to look at it or to end it.

    Attributes:
        server_version: what the last answer said, None before one.
    """

    def __init__(self, settings: Settings, *, may_start: bool = True, any_protocol: bool = False) -> None:
        self._target: Optional[_Target] = None
        self.settings = settings
        self._may_start = may_start
        self._any_protocol = any_protocol
        self._dead: Optional[Endpoint] = None
        self.server_version: Optional[str] = None

    @property
    def is_embedded(self) -> bool:
        return self.settings.url is None

    @property
    def is_haiplatform(self) -> bool:
        """Whether an existing HAI Platform answers; asks it if that is not known yet."""
        return not self.is_embedded and self._reached().kind == "haiplatform"

    @property
    def url(self) -> str:
        """The server that answers, as messages name it."""
        return self.settings.url or (self._target.url if self._target else str(engine_dir()))

    def post(
        self,
        route: str,
        query: Optional[Query] = None,
        body: Union[Mapping[str, Any], bytes, None] = None,
        *,
        subject: str = "",
        timeout_s: float = TIMEOUT_S,
        is_repeatable: bool = True,
        revive: bool = False,
    ) -> dict[str, Any]:
        """Ask and return the answer's body.

        Args:
            route: without a slash in front.
            query: arguments; None values are left out, lists are repeated.
            body: goes as JSON; bytes as they are.
            subject: which task it is about, for messages.
            timeout_s: seconds without a byte after which to give up.
            is_repeatable: whether sending it twice does no harm; then a broken connection is no error yet.
            revive: start an engine only where one was killed, not where somebody ended it.

        Raises:
            HfaiError: the server refused.
            UnreachableError: there was no answer.
        """
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        content_type = _BYTES if isinstance(body, bytes) else _JSON

        def ask(target: _Target) -> Answer:
            path = _path(f"/{route}", query or {}, target)
            return target.transport.send("POST", path, _headers(target, data, content_type), data, timeout_s)

        answer = self._until_answered(ask, is_repeatable=is_repeatable, revive=revive)
        self.server_version = answer.server_version
        return body_of(answer, url=self.url, subject=subject)

    def stream(
        self,
        route: str,
        query: Query,
        body: Optional[Mapping[str, Any]] = None,
        *,
        subject: str = "",
        is_repeatable: bool = True,
        revive: bool = False,
    ) -> ByteStream:
        """Begin an answer that is read as it comes; arguments: see :meth:`post`.

        Raises:
            HfaiError: the server refused.
            UnreachableError: there was no answer.
        """
        data = None if body is None else json.dumps(body).encode()

        def begin(target: _Target) -> ByteStream:
            path = _path(f"/{route}", query, target)
            return target.transport.stream(path, _headers(target, data), STREAM_TIMEOUT_S, data)

        stream = self._until_answered(begin, is_repeatable=is_repeatable, revive=revive)
        if stream.status == 200:
            return stream
        try:
            refusal = b""
            while block := stream.read():
                refusal += block
        except TransportError as error:
            raise self._unreachable(error) from None
        finally:
            stream.close()
        body_of(Answer(stream.status, refusal), url=self.url, subject=subject)
        raise UnreachableError(url=self.url, reason=Phrase("it answered with HTTP status {status}", status=stream.status))

    def is_token(self, token: str) -> bool:
        """Whether this is the token that the session shows."""
        return self._reached().token == token

    def close(self) -> None:
        """Close the connection; the next request opens one again."""
        if self._target is not None:
            self._target.transport.close()
            self._target = None

    def __del__(self) -> None:
        # A thread has ended, or a forked child has let go of its parent's session.
        with contextlib.suppress(Exception):
            self.close()

    def _until_answered(self, ask: Callable[[_Target], _T], *, is_repeatable: bool, revive: bool) -> _T:
        """Ask again where that does no harm, of the engine that is started again where it was killed."""
        attempts = _ATTEMPTS_HERE if self.is_embedded else _ATTEMPTS
        for attempt in range(1, attempts + 1):
            target = self._reached(revive=revive)
            try:
                return ask(target)
            except TransportError as error:
                self._lost(target, error)
                is_final = error.is_timeout or attempt == attempts or (error.was_sent and not is_repeatable)
                if is_final or (not error.was_sent and not self.is_embedded):
                    raise self._unreachable(error) from None
        raise AssertionError("the last attempt returns or raises")

    def _reached(self, *, revive: bool = False) -> _Target:
        if self._target is None:
            self._target = self._embedded(revive=revive) if self.is_embedded else self._remote()
        return self._target

    def _lost(self, target: _Target, error: TransportError) -> None:
        target.transport.close()
        self._target = None
        # Refused: its port is closed, so whatever endpoint.json says it does not serve.
        self._dead = None if error.was_sent or error.is_timeout else target.endpoint

    def _unreachable(self, error: TransportError) -> UnreachableError:
        if not self.is_embedded:
            return UnreachableError(url=self.url, reason=error.reason, is_timeout=error.is_timeout)
        # No address or network is in between.
        if error.is_timeout and (endpoint := read_endpoint(engine_dir())) is not None:
            template = (
                "the engine on this machine (process {pid}) does not answer: see `hai-cli platform logs`; if it hangs, "
                "`hai-cli platform down` ends it, tasks go on, and the next command starts it again"
            )
            return UnreachableError(template, pid=endpoint.pid, reason=error.reason, is_timeout=True)
        template = "the engine on this machine was lost before it had answered ({reason}): see what has been done, then try again"
        return UnreachableError(template, reason=error.reason, is_timeout=error.is_timeout)

    def _embedded(self, *, revive: bool) -> _Target:
        state_dir = engine_dir()
        may_start = self._may_start and not (revive and read_endpoint(state_dir) is None)
        find = find_or_start_engine if may_start else find_engine
        endpoint = find(state_dir, known_dead=self._dead)
        if endpoint is None:
            raise UnreachableError(url=str(state_dir), reason="the engine is not running")
        self._dead = None
        if not self._any_protocol:
            ensure_compatible(endpoint.protocol, endpoint.version)
        token = read_token(state_dir)
        if token is None:
            raise NotAuthorised("the engine's token in {path} cannot be read", path=str(state_dir / "token"))
        transport = open_transport(endpoint.url, on_silence=lambda: _tell_if_silent(endpoint))
        return _Target(transport, endpoint.url, "hfai", token, endpoint)

    def _remote(self) -> _Target:
        url, token, kind = self.settings.url or "", self.settings.token, self.settings.kind
        transport = open_transport(url)
        try:
            if kind is None:
                found = probe(transport, url)
                if found.protocol is not None:
                    ensure_compatible(found.protocol, str(found.version))
                kind = found.kind
                self.settings = self.settings._replace(kind=kind)
        except HfaiError:
            transport.close()
            raise
        if kind == "haiplatform" and token is not None and quote(token, safe="-_.~%") != token:
            transport.close()
            raise NotAuthorised("the token for {url} holds characters that no token has: see `hai-cli init`", url=url)
        return _Target(transport, url, kind, token)


class Probed(NamedTuple):
    """What runs at an address: kind ``hfai`` with its version and protocol, or ``haiplatform``."""

    kind: str
    version: Optional[str] = None
    protocol: Optional[int] = None


def probe(transport: Transport, url: str) -> Probed:
    """What runs at an address.

    The front door of a HAI Platform answers 404 or 503 here or says no ``engine`` (wire document, section 1).

    Raises:
        UnreachableError: nothing answers.
    """
    try:
        answer = transport.send("GET", "/api_server_status", {"User-Agent": f"hfai/{__version__}"}, None, TIMEOUT_S)
    except TransportError as error:
        raise UnreachableError(url=url, reason=error.reason) from None
    try:
        body = json.loads(answer.body)
    except ValueError:
        body = None
    if answer.status == 200 and isinstance(body, dict) and body.get("engine") == "hfai":
        return Probed("hfai", str(body.get("version")), int(body.get("protocol", 0)))
    return Probed("haiplatform")


def _tell_if_silent(endpoint: Endpoint) -> None:
    """A request waits: say so if the engine answers nothing else either. Otherwise that request takes its time."""
    transport = open_transport(endpoint.url)
    try:
        transport.send("GET", "/api_server_status", {}, None, _SILENT_S)
    except TransportError:
        _hooks.engine_silent(endpoint.pid)
    finally:
        transport.close()


def ensure_compatible(protocol: int, version: str) -> None:
    """Refuse an engine that cannot be talked to, and mention one of another version.

    Raises:
        ProtocolMismatch: naming both versions.
    """
    if protocol != PROTOCOL:
        raise ProtocolMismatch(engine_version=version, client_version=__version__)
    if version != __version__:
        _hooks.other_version(version, __version__)


_VARIABLES = (
    "HFAI_CONTEXT",
    "HFAI_HOME",
    "HFAI_ENGINE_DIR",
    "HFAI_CLIENT_CONFIG",
    "MARSV2_SERVER",
    "MARSV2_USER_TOKEN",
    "HOME",
)
_local = threading.local()
_generation = 0


def current() -> Session:
    """This thread's session with the platform that is configured now.

    A forked child gets its own: two processes on one connection would read each other's answers.

    Raises:
        ConfigError: the configuration cannot be used.
    """
    environ = os.environ
    key = (_generation, os.getpid(), *[environ.get(name) for name in _VARIABLES])
    if getattr(_local, "key", None) != key:
        _local.session = Session(load_settings())
        _local.key = key
    session: Session = _local.session
    return session


def forget() -> None:
    """Have every thread read the configuration again."""
    global _generation
    _generation += 1


def embedded(*, may_start: bool, any_protocol: bool = False) -> Session:
    """A session of its own with the embedded engine, whatever is configured."""
    return Session(Settings(LOCAL), may_start=may_start, any_protocol=any_protocol)


def _path(path: str, query: Query, target: _Target) -> str:
    words: list[str] = []
    for name, value in query.items():
        if isinstance(value, (list, tuple)):
            words += [f"{name}={quote(str(item), safe='')}" for item in value]
        elif value is not None:
            words.append(f"{name}={quote(str(value), safe='')}")
    if target.kind == "haiplatform" and target.token:
        # It takes the token nowhere else, and splits the query by hand without decoding it.
        words.append(f"token={target.token}")
    return f"{path}?{'&'.join(words)}" if words else path


def _headers(target: _Target, data: Optional[bytes], content_type: str = _JSON) -> dict[str, str]:
    headers = {"User-Agent": f"hfai/{__version__}", "hfai-protocol": str(PROTOCOL)}
    if target.kind == "hfai" and target.token:
        headers["Authorization"] = f"Bearer {target.token}"
    if data is not None:
        headers["Content-Type"] = content_type
    return headers
