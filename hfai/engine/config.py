"""What the administrator sets in ``engine.yaml``; without the file everything has a sensible value."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any, Callable, Mapping, Optional

from attrs import field, fields, frozen

from hfai.engine.config_listen import Listen, read_listen
from hfai.engine.config_nodes import default_nodes, read_nodes
from hfai.engine.config_precheck import Precheck, read_precheck
from hfai.engine.config_quotas import QuotaRows, read_quotas
from hfai.engine.config_validation import read_validation
from hfai.engine.policy.snapshot import PolicySettings
from hfai.engine.validation.options import ValidationLimits
from hfai.model.errors import ConfigError
from hfai.model.records import Node

FILE_NAME = "engine.yaml"
_YEAR_S = 366 * 86400
_POLICY = PolicySettings()


def _default_nodes() -> tuple[Node, ...]:
    return default_nodes("default")


@frozen
class EngineConfig:
    """The settings of one engine.

    Attributes:
        state_dir: everything the engine keeps.
        executor: name of what runs the tasks; ``local``.
        port: the port to listen on; None: any free one.
        listen: address and port to listen on for other machines too; None: for this machine only.
        nodes: the virtual nodes of this machine.
        default_group: the group that ``default`` in a task stands for.
        stop_grace_s: seconds between asking a task to end and killing it.
        gang_grace_s: seconds that the other ranks have to end by themselves after one has failed.
        watchdog_s: seconds without output after which a rank counts as hung, where the task says nothing.
        suspend_grace_s: seconds that a task has to save when it is suspended, where the task says nothing.
        suspend_grace_max_s: the most that a task may ask for.
        slice_s, min_slice_s, patience_s, demote_after_s: of the policy, see
            :class:`~hfai.engine.policy.snapshot.PolicySettings`.
        quotas: nodes per user, group and priority.
        precheck: the quick looks at a node before each task.
        validation: what the measurements of a validation have to reach.
        log_segment_bytes: size at which a new log segment is begun.
        task_dir: where an engine of root keeps the files of runs under other accounts, which cannot enter ``state_dir``.
        max_restarts: how often in a row a task is started again after the platform failed it.
        restart_delay_s: the wait before the second such restart, and before the first one after a task has yielded without having been
            asked to; each further one in a row waits twice as long.
        restart_delay_max_s: the longest such wait.
        restart_reset_s: a run that lasted this many seconds begins the count of restarts anew.
    """

    state_dir: Path
    executor: str = "local"
    port: Optional[int] = None
    listen: Optional[Listen] = None
    nodes: tuple[Node, ...] = field(factory=_default_nodes)
    default_group: str = "default"
    stop_grace_s: float = 5.0
    gang_grace_s: float = 5.0
    watchdog_s: float = 1800.0
    suspend_grace_s: float = 5.0
    suspend_grace_max_s: float = 300.0
    slice_s: float = _POLICY.slice_s
    min_slice_s: float = _POLICY.min_slice_s
    patience_s: float = _POLICY.patience_s
    demote_after_s: float = _POLICY.demote_after_s
    quotas: QuotaRows = field(factory=QuotaRows)
    precheck: Precheck = field(factory=Precheck)
    validation: ValidationLimits = field(factory=ValidationLimits)
    log_segment_bytes: int = 64 * 1024 * 1024
    task_dir: Path = Path("/var/lib/hfai")
    max_restarts: int = 3
    restart_delay_s: float = 1.0
    restart_delay_max_s: float = 300.0
    restart_reset_s: float = 600.0

    @classmethod
    def load(cls, state_dir: Path) -> EngineConfig:
        """The settings of the engine in this state directory.

        Raises:
            ConfigError: ``engine.yaml`` cannot be read, is no YAML, or holds something that cannot be used; one line.
        """
        path = state_dir / FILE_NAME
        try:
            text = path.read_bytes()
        except FileNotFoundError:
            return cls(state_dir=state_dir)
        except OSError as error:
            raise ConfigError("{file} cannot be read: {reason}", file=str(path), reason=str(error)) from error
        return cls.from_mapping(_parse(text, path), state_dir=state_dir, file=str(path))

    @classmethod
    def from_mapping(cls, body: Mapping[str, Any], *, state_dir: Path, file: str = FILE_NAME) -> EngineConfig:
        """The settings that a mapping describes; ``file`` is how errors name it.

        Raises:
            ConfigError: an unknown key or a value that cannot be used.
        """
        known = [attribute.name for attribute in fields(cls) if attribute.name != "state_dir"]
        for key in body:
            if key not in known:
                raise ConfigError(_UNKNOWN, file=file, key=str(key), hint=_hint(str(key), known))
        given = {key: value for key, value in body.items() if value is not None}
        try:
            values: dict[str, Any] = {
                key: _READERS[key](key, value) for key, value in given.items() if key not in ("nodes", "default_group")
            }
            group = _text("default_group", given.get("default_group", "default"))
            values["nodes"] = read_nodes(given.get("nodes"), group)
        except ValueError as error:
            raise ConfigError("{file}: {problem}", file=file, problem=str(error)) from None
        if values.get("listen") and values.get("port"):
            raise ConfigError("{file}: listen names the port already: remove {key}", file=file, key="port")
        return cls(state_dir=state_dir, default_group=group, **values)

    @property
    def policy(self) -> PolicySettings:
        """The numbers of the policy."""
        return PolicySettings(self.slice_s, self.min_slice_s, self.patience_s, self.demote_after_s)

    @property
    def groups(self) -> dict[str, int]:
        """Number of nodes per group."""
        sizes: dict[str, int] = {}
        for node in self.nodes:
            sizes[node.group] = sizes.get(node.group, 0) + 1
        return sizes


_UNKNOWN = "{file}: unknown key {key}: {hint}"


def _hint(key: str, known: list[str]) -> str:
    near = difflib.get_close_matches(key, known, 1)
    return f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"


def _parse(text: bytes, path: Path) -> Mapping[str, Any]:
    # Imported here: most engines have no such file, and reading YAML costs more than the rest of the start.
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        body = YAML(typ="safe", pure=True).load(text.decode())
    except (YAMLError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise ConfigError("{file} is no YAML: {reason}", file=str(path), reason=reason) from None
    if body is None:
        return {}
    if not isinstance(body, dict):
        raise ConfigError("{file}: it must be a mapping of keys to values", file=str(path))
    return body


def _text(key: str, value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError(f"{key} is {value!r}: it must be text")
    return value


def _absolute(key: str, value: object) -> Path:
    path = Path(_text(key, value))
    if not path.is_absolute():
        raise ValueError(f"{key} is {value!r}: it must begin with /")
    return path


def _executor(key: str, value: object) -> str:
    if value != "local":
        raise ValueError(f"{key} is {value!r}: it must be local")
    return "local"


def _whole(low: int, high: int) -> Callable[[str, object], int]:
    def read(key: str, value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise ValueError(f"{key} is {value!r}: it must be a whole number from {low} to {high}")
        return value

    return read


def _seconds(low: float) -> Callable[[str, object], float]:
    def read(key: str, value: object) -> float:
        if not isinstance(value, (int, float)) or isinstance(value, bool) or not low <= value <= _YEAR_S:
            raise ValueError(f"{key} is {value!r}: it must be a number of seconds from {low:g} to {_YEAR_S}")
        return float(value)

    return read


_READERS: Mapping[str, Callable[[str, object], Any]] = {
    "executor": _executor,
    "port": _whole(1, 65535),
    "listen": read_listen,
    "stop_grace_s": _seconds(0),
    "gang_grace_s": _seconds(0),
    "watchdog_s": _seconds(1),
    "suspend_grace_s": _seconds(0),
    "suspend_grace_max_s": _seconds(0),
    "slice_s": _seconds(0),
    "min_slice_s": _seconds(0),
    "patience_s": _seconds(0),
    "demote_after_s": _seconds(0),
    "quotas": read_quotas,
    "precheck": read_precheck,
    "validation": read_validation,
    "log_segment_bytes": _whole(4096, 2**40),
    "task_dir": _absolute,
    "max_restarts": _whole(0, 1000),
    "restart_delay_s": _seconds(0),
    "restart_delay_max_s": _seconds(0),
    "restart_reset_s": _seconds(0),
}
