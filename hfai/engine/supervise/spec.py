"""What a supervisor needs to know: its part of ``spec.json`` (docs/architecture.md)."""

from __future__ import annotations

import json
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Optional

FORMAT = 1


class SpecError(Exception):
    """``spec.json`` is missing, broken or has no such rank; the message says which."""


class Account:
    """The account that a command runs under, where that is not the supervisor's own.

    Attributes:
        name: of the account.
        uid: None where the machine does not have it any more.
    """

    __slots__ = ("gid", "groups", "name", "uid")

    def __init__(self, body: dict[str, Any]) -> None:
        self.name = str(body["name"])
        self.uid: Optional[int] = body.get("uid")
        self.gid = int(body.get("gid", 0))
        self.groups = [int(group) for group in body.get("groups", ())]
        if self.uid is not None and (not isinstance(self.uid, int) or self.uid <= 0 or self.gid < 0):
            raise SpecError(f"spec.json has an account {self.name} with numbers that cannot be used")


class Spec:
    """One rank's view of ``spec.json``.

    Attributes:
        account: what the command runs under; None for the supervisor's own.
        environ: the whole environment of the command as bytes, ``HFAI_RUN`` included.
        profile: options of a profiler that begins with the task, None for none.
        timeout_at: seconds since the epoch or None.
        log_dir: folder of the run's logs.
        precheck: what to look at before the command starts (:mod:`hfai.engine.supervise.precheck`) with the ``language`` to say it
            in; None for nothing.
        watchdog_s: seconds without output before the task counts as hung, 0 for never.
    """

    __slots__ = (
        "account",
        "argv",
        "environ",
        "events_socket",
        "log_dir",
        "log_segment_bytes",
        "precheck",
        "profile",
        "rank",
        "run_id",
        "stop_grace_s",
        "timeout_at",
        "watchdog_s",
        "whole_life_state",
        "workspace",
    )

    def __init__(self, body: dict[str, Any], rank: int, log_dir: str) -> None:
        if body["format"] != FORMAT:
            raise SpecError(f"spec.json has format {body['format']}, this supervisor knows {FORMAT}")
        if not 0 <= rank < len(body["ranks"]):
            raise SpecError(f"spec.json has no rank {rank}, only {len(body['ranks'])} ranks")
        self.run_id = int(body["run_id"])
        self.account = Account(body["account"]) if body.get("account") else None
        self.rank = rank
        self.argv = [as_bytes(word) for word in body["argv"]]
        if not self.argv:
            raise SpecError("spec.json has an empty argv")
        self.workspace = as_bytes(body["workspace"])
        mark = f"{body['engine_id']}:{self.run_id}:{rank}"
        environ = {**body["environ"], **body["ranks"][rank].get("environ", {}), "HFAI_RUN": mark}
        self.environ = {as_bytes(name): as_bytes(value) for name, value in environ.items()}
        self.watchdog_s = float(body["watchdog_s"] or 0)
        self.timeout_at: Optional[float] = body["timeout_at"]
        self.stop_grace_s = float(body["stop_grace_s"])
        self.whole_life_state = int(body["whole_life_state"])
        self.log_segment_bytes = max(1, int(body["log_segment_bytes"]))
        self.log_dir = log_dir
        wanted = body.get("precheck")
        self.precheck: Optional[dict[str, Any]] = wanted and {**wanted, "gpus": body["ranks"][rank].get("gpus")}
        self.events_socket: Optional[str] = body.get("events_socket")
        self.profile: Optional[dict[str, Any]] = body.get("profile")


def as_bytes(text: str) -> bytes:
    """Text of the specification as the bytes it stands for; not UTF-8 when the user's value was not."""
    return str(text).encode("utf-8", "surrogateescape")


def read(run_dir: str, rank: int) -> Spec:
    """Read the specification of one rank.

    Raises:
        SpecError: it cannot be used.
    """
    path = os.path.join(run_dir, "spec.json")
    try:
        with open(path, "rb") as file:
            body = json.loads(file.read())
        return Spec(body, rank, run_dir)
    except SpecError:
        raise
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise SpecError(f"{path} cannot be used: {type(error).__name__}: {error}") from error
