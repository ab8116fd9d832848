"""Looks at a node beside the task that runs there, as guests of its rank: the engine's own program, and the user's own check.

The program has the engine's account and environment. The check is started as ``hai-cli ssh`` would: under the task's account, with
its environment, in its workspace. It comes through its input, since its account may share no directory with the engine's.
"""

from __future__ import annotations

import asyncio
import contextlib
import json

from hfai.engine.executors.base import Executor, GuestRefused
from hfai.engine.executors.guest import Guest
from hfai.engine.guests import open_guest
from hfai.engine.validation.options import Options, OwnCheck
from hfai.engine.validation.own import MOST_BYTES, too_slow, verdict
from hfai.model.phrase import Phrase
from hfai.model.records import Task
from hfai.node.check import FAILED, PASSED, Check, failed

# A request waits for the answer.
TIMEOUT_S = 45.0
_RECEIVE = """
d=$(mktemp -d) || exit 126
trap 'rm -rf "$d"' EXIT
trap 'exit 129' HUP TERM
f=$d/${1##*/}
shift
cat > "$f" && chmod 700 "$f" || exit 126
"$@" "$f" < /dev/null
"""


async def look(executor: Executor, task: Task, rank: int, options: Options) -> bytes:
    """The report of the engine's program.

    Raises:
        GuestRefused: it cannot be started, or says nothing.
        NotRunning: the rank does not run any more.
    """
    request = {"kind": "checker", "options": json.loads(options.to_text())}
    guest = await open_guest(executor, task, rank, request)
    out, err = await _all_of(guest, TIMEOUT_S)
    if not out:
        why = err.decode("utf-8", "replace").strip().splitlines()
        raise GuestRefused(why[-1] if why else "it was ended with the task")
    return out


async def own(executor: Executor, task: Task, rank: int, check: OwnCheck) -> Check:
    """The user's own check; its two streams are one after the other.

    Raises:
        NotRunning: the rank does not run any more.
    """
    argv = ["/bin/sh", "-c", _RECEIVE, "sh", check.name, *check.interpreter]
    try:
        guest = await open_guest(executor, task, rank, {"kind": "command", "argv": argv, "tty": None})
    except GuestRefused as error:
        return failed("own", Phrase("{name} cannot be run: {reason}", name=check.name, reason=str(error)))
    out, err = await _all_of(guest, TIMEOUT_S, check.text.encode())
    output = (out + err)[-MOST_BYTES:].decode("utf-8", "replace")
    if guest.end is None:
        return Check("own", status=FAILED, text=too_slow(check.name, TIMEOUT_S), output=output)
    status = guest.end.exit_status
    # A shell tells of a signal by a number beyond these.
    text = verdict(check.name, 128 - status if status > 128 else status)
    return Check("own", status=FAILED if status else PASSED, text=text, output=output)


async def _all_of(guest: Guest, timeout_s: float, given: bytes = b"") -> tuple[bytes, bytes]:
    """Give it its input and take what it writes, until it has ended or the time is up; then it is hung up."""
    said: dict[int, bytes] = {1: b"", 2: b""}

    async def take() -> None:
        while not guest.is_over:
            for number, data in await guest.read(timeout_s):
                said[number] = (said[number] + data)[-(1 << 20) :]

    async def give() -> None:
        await guest.write(given, timeout_s)
        await guest.end_input()

    with contextlib.closing(guest), contextlib.suppress(asyncio.TimeoutError):
        await asyncio.wait_for(asyncio.gather(take(), give()), timeout_s)
    return said[1], said[2]
