"""What a task is asked to be: the v2 schema of HAI Platform as one frozen record (wire document, section 3).

The same record is behind a task file, the body of ``operating/task/create`` and ``hai-cli describe``, so every rule
about what a task may say is here and nowhere else. Whether a group or an environment exists and whether the nodes
suffice is the engine's to say.
"""

from __future__ import annotations

import posixpath
import shlex
from typing import Any, Mapping, Optional

from attrs import field, frozen

from hfai.model.checks import MISSING, Section, as_text, wrong
from hfai.model.errors import InvalidTask
from hfai.model.priorities import Priority
from hfai.model.spec_reading import (
    read_entrypoint,
    read_environments,
    read_extra,
    read_name,
    read_priority,
    read_tags,
    read_workspace,
)

VERSION = 2
DEFAULT_WATCHDOG_S = 1800
DEFAULT_SUSPEND_GRACE_S = 5
TASK_TYPES = ("training", "virtual", "background", "jupyter", "validation", "upgrade")

# Parts of the body of ``operating/task/create`` that belong to the request, not to the task.
_REQUEST_ONLY = ("token", "shell_environment", "dry_run")
_LONGEST_CODE_FILE = 2047
_MOST_NODES = 10**5
_MOST_RESTARTS = 1000
_YEAR_S = 366 * 86400


@frozen
class TaskSpec:
    """One task as it was asked for.

    Attributes:
        name: at most 255 characters, without ``( ) /`` and control characters.
        entrypoint: file in the workspace; ``.py`` is run by ``python3 -u``, anything else by ``bash``.
        workspace: directory that the task runs in, at most 255 characters, no blanks; may be empty on the wire.
        parameters: the rest of the command line as shell text, see :meth:`argv`.
        environments: variables of the task, values exactly as given.
        entrypoint_executable: run the entrypoint itself.
        priority: number of one of :class:`~hfai.model.priorities.Priority`.
        image: name of the environment image.
        group: group of nodes.
        node_count: number of nodes, which is the number of ranks.
        whole_life_state: integer carried along the chain.
        py_venv: name of the ``haienv`` environment, with ``[owner]`` behind it if it is another user's.
        watchdog_time: seconds without output after which a rank counts as hung.
        suspend_grace: seconds to save in after a suspension was announced; the administrator may cap it.
        timeout: seconds of running after which the task is stopped; None: never.
        restart: how often it is started again by itself after its own code has failed or hung.
        tags: tags that the task starts with.
        task_type: one of ``TASK_TYPES``.
        extra: every key that is not among these, where it stood: unknown keys of the task itself at the top, those of
            a section under ``spec``, ``resource`` and ``options``.
    """

    name: str
    entrypoint: str
    workspace: str = ""
    parameters: str = ""
    environments: Mapping[str, str] = field(factory=dict)
    entrypoint_executable: bool = False
    priority: int = int(Priority.AUTO)
    image: str = "default"
    group: str = "default"
    node_count: int = 1
    whole_life_state: int = 0
    py_venv: Optional[str] = None
    watchdog_time: int = DEFAULT_WATCHDOG_S
    suspend_grace: float = DEFAULT_SUSPEND_GRACE_S
    timeout: Optional[float] = None
    restart: int = 0
    tags: tuple[str, ...] = ()
    task_type: str = "training"
    extra: Mapping[str, Any] = field(factory=dict)

    @classmethod
    def from_mapping(cls, body: Mapping[str, Any]) -> TaskSpec:
        """The task that a request body describes; unknown keys are kept in ``extra``.

        A key without a value counts as not given. ``token``, ``shell_environment`` and ``dry_run`` belong to the
        request and are left out.

        Args:
            body: the decoded JSON of ``operating/task/create``, or any mapping of that shape.

        Raises:
            InvalidTask: a value is missing or cannot be used; ``data`` has ``key``, ``found`` (unless missing) and
                ``allowed``.

        Example:
            >>> TaskSpec.from_mapping({"version": 2, "name": "x", "spec": {"entrypoint": "a.py"}}).node_count
            1
        """
        top = Section(body)
        for key in _REQUEST_ONLY:
            top.take(key)
        if top.whole("version", -1, 2, 2, "2") != VERSION:
            raise InvalidTask(MISSING, key="version", allowed="2")
        name = read_name(top)
        priority = read_priority(top.take("priority"))
        task_type = top.text("task_type", "training")
        if task_type not in TASK_TYPES:
            raise wrong("task_type", task_type, f"one of {', '.join(TASK_TYPES)}")
        spec = Section(top.take("spec"), "spec")
        resource = Section(top.take("resource"), "resource")
        options = Section(top.take("options"), "options")
        py_venv = options.take("py_venv")
        suspend_grace = options.seconds("suspend_grace", 0, 86400, "a number of seconds from 0 to 86400")
        task = cls(
            name=name,
            priority=priority,
            task_type=task_type,
            entrypoint=read_entrypoint(spec),
            workspace=read_workspace(spec),
            parameters=spec.text("parameters", "", "text: the arguments as one would type them"),
            environments=read_environments(spec.take("environments")),
            entrypoint_executable=spec.flag("entrypoint_executable"),
            image=resource.text("image", "default", "the name of an image") or "default",
            group=resource.text("group", "default", "the name of a group of nodes") or "default",
            node_count=resource.whole("node_count", 1, 1, _MOST_NODES, f"a whole number from 1 to {_MOST_NODES}"),
            whole_life_state=options.whole(
                "whole_life_state", 0, -(2**63), 2**63 - 1, "a whole number that fits in 64 bits"
            ),
            py_venv=None if py_venv is None else as_text(py_venv, "options.py_venv", "the name of an environment"),
            watchdog_time=options.whole(
                "watchdog_time", DEFAULT_WATCHDOG_S, 1, _YEAR_S, "a whole number of seconds, at least 1, at most a year"
            ),
            suspend_grace=DEFAULT_SUSPEND_GRACE_S if suspend_grace is None else suspend_grace,
            timeout=options.seconds("timeout", 1, _YEAR_S, "a number of seconds, at least 1, at most a year"),
            restart=options.whole("restart", 0, 0, _MOST_RESTARTS, f"a whole number from 0 to {_MOST_RESTARTS}"),
            tags=read_tags(options.take("tags")),
            extra=read_extra(top, spec, resource, options),
        )
        if len(task.code_file) > _LONGEST_CODE_FILE:
            raise wrong(
                "spec.parameters",
                task.parameters,
                f"shorter: workspace, entrypoint and parameters together at most {_LONGEST_CODE_FILE} characters",
            )
        return task

    def to_wire(self) -> dict[str, Any]:
        """The body for ``operating/task/create``: the v2 schema with ``extra`` back in its places.

        ``TaskSpec.from_mapping(task.to_wire()) == task``; options at their default are left out.
        """
        options: dict[str, Any] = {}
        if self.whole_life_state:
            options["whole_life_state"] = self.whole_life_state
        if self.py_venv is not None:
            options["py_venv"] = self.py_venv
        if self.watchdog_time != DEFAULT_WATCHDOG_S:
            options["watchdog_time"] = self.watchdog_time
        if self.suspend_grace != DEFAULT_SUSPEND_GRACE_S:
            options["suspend_grace"] = self.suspend_grace
        if self.timeout is not None:
            options["timeout"] = self.timeout
        if self.restart:
            options["restart"] = self.restart
        if self.tags:
            options["tags"] = list(self.tags)
        body: dict[str, Any] = {
            "version": VERSION,
            "name": self.name,
            "priority": self.priority,
            "task_type": self.task_type,
            "spec": {
                "workspace": self.workspace,
                "entrypoint": self.entrypoint,
                "parameters": self.parameters,
                "environments": dict(self.environments),
                "entrypoint_executable": self.entrypoint_executable,
            },
            "resource": {"image": self.image, "group": self.group, "node_count": self.node_count},
            "options": options,
        }
        for key, value in self.extra.items():
            if key in ("spec", "resource", "options"):
                body[key].update(value)
            else:
                body[key] = value
        return body

    @property
    def code_file(self) -> str:
        """``<workspace>/<entrypoint> <parameters>``, with its blank even where there are no parameters."""
        return f"{posixpath.join(self.workspace, self.entrypoint)} {self.parameters}"

    def argv(self) -> list[str]:
        """The command of every rank; its first word is looked up in the task's PATH.

        Parameters that are plain words, quoted as :func:`shlex.join` does it, become arguments as they are; anything
        else is shell text (``$HOME``, ``*``, ``; next``) and goes through ``bash -c``, as on HAI Platform.

        Example:
            >>> TaskSpec(name="x", entrypoint="train.py", parameters="--epochs 3").argv()
            ['python3', '-u', 'train.py', '--epochs', '3']
            >>> TaskSpec(name="x", entrypoint="run.sh", parameters="$HOME").argv()
            ['bash', '-c', 'bash run.sh $HOME']
        """
        if self.entrypoint_executable:
            command = [self.entrypoint]
        elif self.entrypoint.endswith(".py"):
            command = ["python3", "-u", self.entrypoint]
        else:
            command = ["bash", self.entrypoint]
        try:
            words = shlex.split(self.parameters)
        except ValueError:
            words = []
        if shlex.join(words) == self.parameters:
            return command + words
        return ["bash", "-c", f"{shlex.join(command)} {self.parameters}"]
