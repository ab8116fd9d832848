"""What the program that checks a node is told, as one JSON object."""

from __future__ import annotations

import json
from pathlib import PurePosixPath
from typing import Any, Mapping, Optional

from attrs import asdict, field, frozen

# By its name in the environment of a validation task; a guest gets it as its argument.
VARIABLE = "HFAI_VALIDATION"


@frozen
class ValidationLimits:
    """What is good enough: ``validation`` in engine.yaml. The limits of memory and disks are those of ``precheck``.

    The defaults are far below what works: they are to find what is broken, not what is busy.

    Attributes:
        write_bytes_per_s: the least speed of writing to the disks of workspace and logs.
        bandwidth_bytes_per_s: the least of the network between nodes, on one machine that of its loopback.
        clock_s: the most that the clock may differ from the engine's.
        compute_share: the least share of the node's own baseline.
        suspend_s: the most between telling a task to suspend and its answer.
        own_timeout_s: after so long a check of the user's own has failed.
    """

    write_bytes_per_s: int = 1 << 20
    bandwidth_bytes_per_s: int = 16 << 20
    clock_s: float = 5.0
    compute_share: float = 0.4
    suspend_s: float = 5.0
    own_timeout_s: float = 600.0


@frozen
class OwnCheck:
    """A check of the user's own: a script whose exit code 0 is good.

    Attributes:
        name: of its file.
        environ: what it runs in; None: what the program runs in.
        account: ``name``, ``uid``, ``gid``, ``groups`` of what it runs under; None: what the program runs under.
    """

    name: str
    text: str
    environ: Optional[Mapping[str, str]] = None
    account: Optional[Mapping[str, Any]] = None

    @property
    def interpreter(self) -> list[str]:
        """The words in front of it: ``.py`` is for python3, ``.sh`` for bash, anything else as its first line says."""
        known = {".py": ["python3", "-u"], ".sh": ["bash"]}.get(PurePosixPath(self.name).suffix, [])
        return known or ([] if self.text.startswith("#!") else ["sh"])


@frozen
class Options:
    """What one run of the program is about.

    Attributes:
        node: where it runs.
        workspace, log_dir: the folders whose disks are looked at.
        server: where the engine listens.
        lock: a file that one measurement after another holds: the nodes of one machine would disturb each other.
        limits: of the measurements.
        precheck: the limits of the quick looks, None each for the default.
        baseline: by method, the speed that this node's good runs had.
        is_beside: whether a task runs on the node, which must not be disturbed.
        own: the user's own check.
    """

    node: str
    workspace: str
    log_dir: str
    server: str
    lock: str
    limits: ValidationLimits = field(factory=ValidationLimits)
    precheck: Mapping[str, Optional[int]] = field(factory=dict)
    baseline: Mapping[str, float] = field(factory=dict)
    is_beside: bool = False
    own: Optional[OwnCheck] = None

    def to_text(self) -> str:
        """As the program gets it."""
        return json.dumps(asdict(self))

    @classmethod
    def from_text(cls, text: str) -> Options:
        """What :meth:`to_text` was asked of."""
        body: dict[str, Any] = json.loads(text)
        body["limits"] = ValidationLimits(**body["limits"])
        body["own"] = body["own"] and OwnCheck(**body["own"])
        return cls(**body)
