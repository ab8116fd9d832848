"""``open_shell``: a shell or one command beside a running task, in its environment, workspace and node."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Any, Iterator, Mapping, NamedTuple, Optional, Sequence, Union

from hfai.client import _session
from hfai.client._log_frames import read_frames
from hfai.client._select import ExperimentLike, selector, subject
from hfai.client._transport import ByteStream, TransportError
from hfai.model.errors import NotFoundError, RefusedError, StreamLost, UsageError, from_wire
from hfai.model.phrase import unpacked

# Of one request; the engine answers a program that does not read after five seconds.
_BLOCK_BYTES = 1 << 20
_OPEN, _SEND = "operating/task/guest/open", "operating/task/guest/send"


class ShellTerminal(NamedTuple):
    """The terminal that a program gets: its size in characters and its type, as in ``TERM``."""

    rows: int = 24
    columns: int = 80
    term: str = "xterm"


class ShellOutput(NamedTuple):
    """Bytes that it wrote: ``fd`` 1 is stdout, or the terminal; 2 is stderr."""

    fd: int
    data: bytes


class Shell:
    """A program that runs beside a task; made by :func:`hfai.client.open_shell`.

    Iterating gives what it writes until it has ended; the other methods may meanwhile be called in other threads. Leaving a
    ``with`` block ends it, and so does the end of this process. It is a part of the run: when that ends, it ends.

    Attributes:
        rank, node, run: where it runs.
        exit_status: its exit code, 128 + N for signal N, 127 where the command is not there; None before its end.
        run_ended: whether it had to end because the task did.
        message: why it could not be started, or empty.
    """

    def __init__(self, experiment: ExperimentLike, rank: int, request: Mapping[str, Any]) -> None:
        if isinstance(rank, bool) or not isinstance(rank, int) or rank < 0:
            raise UsageError("rank must be a number from 0 on, not {found}", found=repr(rank))
        self._subject = subject(experiment)
        session = _session.current()
        if session.is_haiplatform:
            raise RefusedError("{url} is a HAI Platform: there is no way into its tasks from here", url=session.url)
        query = {**selector(experiment), "rank": str(rank)}
        self._stream: ByteStream = session.stream(_OPEN, query, request, subject=self._subject, is_repeatable=False)
        self._frames = read_frames(self._stream)
        self._sending = threading.Lock()
        self._sent = 0
        self.exit_status: Optional[int] = None
        self.run_ended = False
        self.message = ""
        opened = self._next()
        self.rank, self.node, self.run = int(opened["rank"]), str(opened["node"]), int(opened["run"])
        self._word = str(opened["guest"])

    def __enter__(self) -> Shell:
        return self

    def __exit__(
        self, kind: Optional[type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self.close()

    def __iter__(self) -> Iterator[ShellOutput]:
        try:
            for header, payload, _ in self._frames:
                if "success" in header:
                    raise from_wire(header)
                kind = header.get("t")
                if kind == "data":
                    yield ShellOutput(int(header["fd"]), payload)
                elif kind == "end":
                    self.exit_status, self.run_ended = int(header["exit_status"]), bool(header["run_ended"])
                    self.message = unpacked(header["msg"])
                    return
        except TransportError as error:
            raise self._lost(error.reason) from None
        finally:
            self._stream.close()
        raise self._lost("the connection was closed in the middle of the answer")

    def _next(self) -> dict[str, Any]:
        try:
            header = next(self._frames)[0]
        except (TransportError, StopIteration) as error:
            self._stream.close()
            raise self._lost(str(error) or "no answer") from None
        if "success" in header:
            self._stream.close()
            raise from_wire(header)
        return header

    def _lost(self, reason: str) -> StreamLost:
        template = "the connection to task {experiment} was lost ({reason}): what ran in it has ended, the task goes on"
        return StreamLost(template, experiment=self._subject, reason=reason)

    def send(self, data: bytes) -> bool:
        """Give it input; blocks until it has taken all. False where it takes no more: it has ended or closed its stdin.

        Raises:
            UnreachableError: no answer.
        """
        return self._give(data, is_last=False)

    def close_input(self) -> None:
        """Its input ends here. At a terminal send the terminal's own sign of it, Ctrl-D, instead."""
        self._give(b"", is_last=True)

    def _give(self, data: bytes, *, is_last: bool) -> bool:
        with self._sending:
            while True:
                block = data[:_BLOCK_BYTES]
                last = "1" if is_last and len(block) == len(data) else None
                answer = self._tell(block, at=str(self._sent), last=last)
                if answer is None or not answer["open"]:
                    return False
                taken = int(answer["taken"]) - self._sent
                self._sent += taken
                data = data[taken:]
                if not data:
                    return True

    def resize(self, rows: int, columns: int) -> None:
        """Its terminal has another size now."""
        self._tell(None, rows=str(rows), columns=str(columns))

    def signal(self, name: str) -> None:
        """Send a signal to it and what it has started: ``INT``, ``TERM``, ``HUP``, ``QUIT``, ``USR1`` or ``USR2``."""
        self._tell(None, signal=name)

    def _tell(self, data: Optional[bytes], **query: Optional[str]) -> Optional[dict[str, Any]]:
        """None where it has ended."""
        # Input says where it belongs, so that hearing it twice does no harm.
        try:
            return _session.current().post(
                _SEND, {"guest": self._word, **query}, data, subject=self._subject, is_repeatable=data is not None
            )
        except NotFoundError:
            return None

    def close(self) -> None:
        """End it if it still runs. May be called twice, and in another thread than the one that reads."""
        self._stream.abort()
        self._stream.close()


def open_shell(
    experiment: ExperimentLike,
    rank: int = 0,
    command: Union[str, Sequence[str], None] = None,
    tty: Optional[ShellTerminal] = None,
) -> Shell:
    """Start a shell or a command beside a running task, as its user, with its environment, workspace and node.

    Args:
        experiment: an Experiment, the id of a run, or a name; only tasks of your own.
        rank: which rank of it.
        command: a text for the shell, or the words of a program, which are taken as they are; None for a shell.
        tty: gives it a terminal, whose output is all one stream; without, stdin, stdout and stderr are three pipes.

    Returns:
        The program, running. It ends when it is closed, when this process ends or loses its connection, and when the
        task's run ends.

    Raises:
        NotRunning: the task, or that rank, does not run.
        RankNotFound, TaskNotFound: it is not there.
        RefusedError: the platform is an existing HAI Platform.
        HfaiError: no answer, or another refusal.

    Blocks until the program has been started. Source: design, section 7 (``ssh``).

    Example:
        >>> with open_shell("sample_exp", command="nvidia-smi") as shell:  # doctest: +SKIP
        ...     text = b"".join(output.data for output in shell)
        >>> shell.exit_status  # doctest: +SKIP
        0
    """
    argv = command if command is None or isinstance(command, str) else list(command)
    if argv is not None and not (argv and argv[0] and all(isinstance(word, str) for word in argv)):
        raise UsageError("command must be a text or a list of words, not {found}", found=repr(command)[:100])
    request = {"kind": "command", "argv": argv, "tty": None if tty is None else tty._asdict()}
    return Shell(experiment, rank, request)
