"""What is checked before a task is queued: everything that would otherwise fail only once it runs (design, section 3)."""

from __future__ import annotations

import difflib
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any, Mapping, Optional

from attrs import frozen

from hfai.engine import unix_accounts
from hfai.engine.config import EngineConfig
from hfai.engine.config_quotas import QuotaRows
from hfai.engine.executors.environment import bare_environ
from hfai.engine.py_venv import entered, environment_of
from hfai.engine.queries import User
from hfai.engine.users import has_own_account
from hfai.model.checks import EXEC_STRING_BYTES, is_utf8, shown
from hfai.model.errors import InvalidTask, QuotaExceeded, RefusedError, UsageError
from hfai.model.priorities import Priority
from hfai.model.profiling import task_profile
from hfai.model.spec import TaskSpec

_MOST_SHOWN = 12


@frozen
class Submission:
    """A checked task.

    Attributes:
        spec: what is asked for.
        group: the group of nodes that it means.
        shell_environment: of the shell that asks; None for a bare one.
    """

    spec: TaskSpec
    group: str
    shell_environment: Optional[Mapping[str, str]]


def check(
    body: Mapping[str, Any], config: EngineConfig, quotas: QuotaRows, groups: Mapping[str, int], user: User
) -> Submission:
    """Read a request and check all that can be checked before it is queued.

    Args:
        body: the task file as JSON, perhaps with ``shell_environment``.
        config: the settings.
        quotas: the rows that count.
        groups: number of nodes per group.
        user: who asks.

    Raises:
        InvalidTask: it could never run; ``data`` has ``key``.
        QuotaExceeded: it is wider than the user's whole quota.
    """
    spec = TaskSpec.from_mapping(body)
    environment = read_shell_environment(body.get("shell_environment"))
    group = _group(spec, config, groups)
    ensure_within_quota(quotas, user.name, group, spec.priority, spec.node_count)
    inside = environment or bare_environ(user.uid)
    if spec.py_venv:
        inside = entered(inside, environment_of(spec.py_venv, user, config.state_dir))
    if has_own_account(user):
        _check_places_as(user.unix_name, spec)
    else:
        _check_workspace(spec)
        _check_entrypoint(spec, spec.environments.get("PATH") or inside.get("PATH"))
    _check_profile(spec)
    return Submission(spec, group, environment)


def read_shell_environment(value: object) -> Optional[Mapping[str, str]]:
    """The environment that came with a request; None if there was none.

    Raises:
        InvalidTask: it cannot be handed to a program.
    """
    if value is None:
        return None
    key = "shell_environment"
    if not isinstance(value, Mapping):
        raise InvalidTask("{key} is {found}: it must be a mapping of names to texts", key=key, found=shown(value))
    for name, text in value.items():
        is_text = isinstance(name, str) and isinstance(text, str)
        # Names and values that are not UTF-8 travel as lone surrogates, as in os.environ.
        if not is_text or not name or "=" in name or "\0" in name + text or not _is_restorable(name + text):
            raise InvalidTask("{key}: {name} cannot be a variable", key=key, name=shown(name))
        if len(name) + len(text) > EXEC_STRING_BYTES - 2:
            raise InvalidTask("{key}: {name} is longer than a program can be given", key=key, name=shown(name))
    return dict(value)


def _is_restorable(text: str) -> bool:
    if is_utf8(text):
        return True
    try:
        text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return False
    return True


def ensure_within_quota(quotas: QuotaRows, user: str, group: str, priority: int, nodes: int) -> None:
    """Raise QuotaExceeded if a task is wider than what a user may ever have at once."""
    most = quotas.most(user, group, priority)
    if most is not None and nodes > most:
        raise QuotaExceeded(nodes=nodes, group=group, priority=Priority(priority).name, quota=most)


def _group(spec: TaskSpec, config: EngineConfig, groups: Mapping[str, int]) -> str:
    # `group#zone`: the zone is kept and has no meaning here, as on HAI Platform (wire document, section 3).
    name = spec.group.partition("#")[0]
    if name in ("", "default") and "default" not in groups:
        name = config.default_group
    if name not in groups:
        near = difflib.get_close_matches(name, list(groups), 1)
        template = "{key} is '{group}': there is no such group, only {groups}"
        if near:
            template += "; did you mean {near}?"
        known = ", ".join(sorted(groups)[:_MOST_SHOWN]) or "none"
        raise InvalidTask(template, key="resource.group", group=name, groups=known, near=near[0] if near else "")
    if spec.node_count > groups[name]:
        raise InvalidTask(
            "{key} is {nodes}: group {group} has only {size}; ask for at most that many",
            key="resource.node_count",
            nodes=spec.node_count,
            group=name,
            size=groups[name],
        )
    return name


def _check_profile(spec: TaskSpec) -> None:
    try:
        task_profile(spec.extra.get("options"))
    except UsageError as error:
        raise InvalidTask("{key}: {problem}", key="options.profile", problem=error.said) from None


def _check_workspace(spec: TaskSpec) -> None:
    key, workspace = "spec.workspace", spec.workspace
    if not workspace:
        raise InvalidTask("{key} is missing: name the directory that the task runs in", key=key)
    if not os.path.isabs(workspace):  # noqa: PTH117 - text of the user, not a path of ours
        raise InvalidTask("{key} is {workspace}: it must begin with /", key=key, workspace=workspace)
    path = Path(workspace)
    if not path.is_dir():
        problem = "is no directory" if path.exists() else "does not exist"
        template = "{key}: {workspace} " + problem
        raise InvalidTask(template, key=key, workspace=workspace)
    if not os.access(path, os.R_OK | os.X_OK):
        raise InvalidTask("{key}: {workspace} cannot be entered: see to its permissions", key=key, workspace=workspace)


def _check_entrypoint(spec: TaskSpec, search_path: Optional[str]) -> None:
    key, entrypoint = "spec.entrypoint", spec.entrypoint
    if spec.entrypoint_executable and "/" not in entrypoint:
        if shutil.which(entrypoint, path=search_path) is None:
            hint = "; a program in the workspace is given as ./{entrypoint}"
            template = "{key}: there is no program {entrypoint} in PATH"
            if (Path(spec.workspace) / entrypoint).is_file():
                template += hint
            raise InvalidTask(template, key=key, entrypoint=entrypoint)
        return
    path = Path(spec.workspace) / entrypoint
    data = {"key": key, "entrypoint": entrypoint, "workspace": spec.workspace}
    if path.is_dir():
        raise InvalidTask("{key}: {entrypoint} in {workspace} is a directory, not a file to run", **data)
    if not path.exists():
        near = difflib.get_close_matches(entrypoint, _files_beside(path), 1)
        template = "{key}: there is no {entrypoint} in the workspace {workspace}"
        if near:
            template += "; did you mean {near}?"
        raise InvalidTask(template, near=near[0] if near else "", **data)
    if spec.entrypoint_executable and not os.access(path, os.X_OK):
        raise InvalidTask("{key}: {entrypoint} is not executable: chmod +x it", **data)
    if not os.access(path, os.R_OK):
        raise InvalidTask("{key}: {entrypoint} cannot be read: see to its permissions", **data)


def _check_places_as(unix_name: str, spec: TaskSpec) -> None:
    """The same with the eyes of another account: what root sees must not be told to others."""
    account = unix_accounts.find(unix_name)
    if account is None:
        template = "there is no account {account} on the engine's machine that tasks could run under"
        raise RefusedError(template, account=unix_name)
    look = 'cd -- "$1" || exit 3; [ -z "$2" ] || [ -r "$2" ] || exit 4'
    entrypoint = "" if spec.entrypoint_executable and "/" not in spec.entrypoint else spec.entrypoint
    try:
        status = account.run(["/bin/sh", "-c", look, "sh", spec.workspace, entrypoint])
    except (OSError, ValueError, subprocess.TimeoutExpired):
        status = 3
    data = {"workspace": spec.workspace, "account": account.name}
    if status == 3 or not spec.workspace.startswith("/"):
        template = "{key}: {account}, the account of your tasks, cannot enter {workspace} on the engine's machine"
        raise InvalidTask(template, key="spec.workspace", **data)
    if status == 4:
        template = "{key}: {account}, the account of your tasks, cannot read {entrypoint} in the workspace {workspace}"
        raise InvalidTask(template, key="spec.entrypoint", entrypoint=spec.entrypoint, **data)


def _files_beside(path: Path) -> list[str]:
    try:
        with os.scandir(path.parent) as entries:
            return [entry.name for number, entry in zip(range(1000), entries)]
    except OSError:
        return []
